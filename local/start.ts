import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { allowedRanges } from '@sirocco/agent/egress/fetch.ts'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { keepAgent } from './agent.ts'
import { help, type Options, readArguments } from './arguments.ts'
import { assetsOf } from './assets.ts'
import { bundles } from './bundle.ts'
import { systemRandom } from './chance.ts'
import type { ControlPlane } from './control-plane.ts'
import { startCron } from './cron.ts'
import { listen } from './hrana/listen.ts'
import { createThreadedHrana } from './hrana/threads.ts'
import { putBootImage } from './image/register.ts'
import { inTheWay } from './instance/belongings.ts'
import { endLeftovers, markProcesses } from './instance/leftovers.ts'
import { takeLock } from './instance/lock.ts'
import { natureOf } from './instance/nature.ts'
import { type Ready, removeReady, writeReady } from './instance/ready.ts'
import { type Secrets, secretsOf } from './instance/secrets.ts'
import { logFile } from './log-file.ts'
import { keepLibvirtd } from './machine/libvirtd.ts'
import { claim, firstPool, machineFolder, registryFolder, routesHere } from './machine/registry.ts'
import { outwardBy } from './outward.ts'
import { isInstalled } from './packages.mjs'
import { buildPortal, portalFolder, portalIsBuilt } from './portal.ts'
import { checkHost, checkPorts, checkSpace, descriptorWarning, prepareFolder } from './preflight.ts'
import { progress } from './progress.mjs'
import { watchSpace } from './space.ts'
import { Stop } from './stop.ts'
import { keyPinOf, makeCertificate, pinOf, unfit } from './tls/certificate.ts'
import { addressesOf, front } from './tls/front.ts'
import { startWorkerd } from './workerd.ts'

const clock: Clock = { now: () => Date.now() }
/** The agent has this long to be heard from; only a host whose libvirt looks at QEMU for the first time takes more than a second. */
const upMs = 120_000

/** Runs an instance until it is told to stop; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readArguments(args)
  if (!options.ok) throw new Stop(options.fault.message, 2)
  if (options.value === 'help') {
    process.stdout.write(`${help}\n`)
    return 0
  }
  return run(options.value)
}

/** What has been started, to be stopped in the opposite order. */
class Started {
  readonly #ends: (() => unknown)[] = []
  add(end: () => unknown): void {
    this.#ends.push(end)
  }
  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end()
      } catch (reason) {
        progress.say(`while stopping: ${reason instanceof Error ? reason.message : String(reason)}`)
      }
    }
  }
}

async function run(options: Options): Promise<number> {
  const stop = stopAsked()
  const started = new Started()
  try {
    const ready = await start(options, started, stop)
    if (ready) {
      tell(options, ready)
      await stop.asked
    }
    return 0
  } finally {
    await progress.step('stopping', () => started.stop())
  }
}

interface StopAsked {
  readonly asked: Promise<void>
  readonly now: () => boolean
}

/** The first signal stops in order. One Ctrl-C may come as two; whoever sends more does not want to wait. */
function stopAsked(): StopAsked {
  let times = 0
  const asked = new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        times += 1
        resolve()
        if (times > 3) process.exit(1)
      })
    }
  })
  return { asked, now: () => times > 0 }
}

interface Place {
  readonly instance: string
  readonly tag: string
  readonly pool: string
  readonly storage: string
  readonly cache: string
}

/** What this instance may use of the machine; a simulated one uses nothing outside its directory. */
function placeOf({ data, simulated }: Options, { instance }: Secrets): Place {
  const cache = join(machineFolder, 'cache')
  if (simulated > 0) return { instance, tag: 'sim', pool: firstPool, storage: join(data, 'disks'), cache }
  const claimed = claim(registryFolder, { instance, data }, { random: systemRandom, routes: routesHere(), now: clock.now() })
  if (!claimed)
    throw new Stop('All ranges from 10.64.0.0/16 to 10.127.0.0/16 are in use on this machine: remove an instance or a route.')
  return { ...claimed, storage: join(machineFolder, instance), cache }
}

interface Running {
  readonly ready: Ready
  readonly link: string
  readonly tls: Tls | undefined
}

async function start(options: Options, started: Started, stop: StopAsked): Promise<Running | undefined> {
  const { data, port, simulated } = options
  prepareFolder(data)
  checkSpace(data, simulated > 0)
  const lock = takeLock(join(data, 'lock'))
  if (!lock.taken) throw new Stop(`${data} is in use by process ${lock.by}: stop that one, or give another --data and --port.`)
  started.add(() => lock.release())
  removeReady(data)
  started.add(() => removeReady(data))

  const foreign = inTheWay(data)
  if (foreign.length > 0) {
    throw new Stop(
      `${data} holds ${foreign.slice(0, 3).join(', ')} but no secrets.json: restore that from a backup, or choose an empty directory by --data.`,
    )
  }
  const secrets = secretsOf(join(data, 'secrets.json'), systemRandom)
  if (!secrets)
    throw new Stop(`${join(data, 'secrets.json')} cannot be read: without it the data is lost; restore it from a backup.`)
  await endLeftovers(secrets.instance)
  markProcesses(secrets.instance)

  const addresses = options.listen ? addressesOf(options.listen.address) : []
  await checkPorts(['127.0.0.1', ...addresses], port)
  const real = options.agent && simulated === 0
  if (real) checkHost()
  if (real) mkdirSync(machineFolder, { recursive: true, mode: 0o711 })
  if (real) checkSpace(machineFolder, false)
  const warning = descriptorWarning()
  if (warning) progress.say(warning)

  const nature = natureOf(data, { region: options.region, simulated: simulated > 0 })
  if (nature.region !== options.region)
    throw new Stop(`The region of ${data} is ${nature.region}: give --region ${nature.region}, or another --data.`)
  if (options.agent && nature.simulated !== simulated > 0) {
    throw new Stop(
      `${data} was begun ${nature.simulated ? 'with' : 'without'} --simulated: start it the same way, or give another --data.`,
    )
  }

  const place = placeOf(real ? options : { ...options, simulated: Math.max(1, simulated) }, secrets)
  const tls = tlsOf(options, addresses)
  const scheme = tls ? `https://${addresses[0]}` : 'http://127.0.0.1'
  const url = `${scheme}:${port}`
  const ec2Url = `${scheme}:${port + 1}`
  const log = logFile(join(data, 'control.log'))

  const { worker, agent, controlPlane } = await progress.step('bundling', bundles)
  const agentScript = keepBundle(agent, join(data, 'run'))
  if (!portalIsBuilt()) {
    const trouble = await progress.step('building the portal', buildPortal)
    // The APIs are of use without it.
    if (trouble) progress.say(`The portal could not be built, so it is missing or old: ${trouble}`)
  }

  const hrana = await createThreadedHrana(join(data, 'control.db'))
  started.add(() => hrana.close())
  const databaseToken = new Secret(secrets.databaseToken)
  const database = await listen(hrana, databaseToken)
  started.add(() => database.close())
  const { openControlPlane }: typeof import('./control-plane.ts') = await import(pathToFileURL(controlPlane).href)
  const control = await progress.step('preparing the database', () =>
    openControlPlane(hrana, { data, region: options.region, pool: place.pool, secrets, clock, random: systemRandom }),
  )

  const bundle = createHash('sha256').update(readFileSync(agentScript)).digest('hex')
  const workerd = await progress.step('starting the control plane', () =>
    startWorkerd({
      script: worker,
      data,
      port,
      database: { port: database.port, token: databaseToken },
      sealingKey: new Secret(secrets.sealingKey),
      publicUrl: url,
      ec2Url,
      region: options.region,
      agents: { bundle, instance: place.instance, ...(tls?.selfMade ? { pin: pinOf(tls.certificate) } : {}) },
      assets: assetsOf(portalFolder),
      outward: outwardBy({ allow: allowedRanges(process.env.SIROCCO_EGRESS_ALLOW) }),
      log: log.write,
    }),
  )
  started.add(() => workerd.stop())
  if (!(await workerd.hasBlob(`bundles/${bundle}`))) await workerd.putBlob(`bundles/${bundle}`, agentScript)
  const cron = startCron(
    () => workerd.scheduled(),
    why => log.write(`cron: ${why}\n`),
  )
  started.add(() => cron.stop())
  if (tls) {
    const outer = await front(addresses, [port, port + 1], tls)
    started.add(() => outer.close())
  }
  if (stop.now()) return undefined

  await progress.step('preparing the boot image', say =>
    // Hosts that are enrolled elsewhere boot what they are given.
    putBootImage({ workerd, control, cache: place.cache, simulated: simulated > 0 || !(real || process.getuid?.() === 0), say }),
  )
  if (options.agent && !stop.now()) await startAgent(options, { place, control, agentScript, started, stop })
  if (stop.now()) return undefined
  const space = watchSpace(real ? [data, machineFolder] : [data], progress.say)
  started.add(() => space.stop())

  const ready: Ready = {
    url,
    admin: secrets.admin,
    ec2: {
      endpoint: ec2Url,
      region: options.region,
      accessKeyId: secrets.accessKey.id,
      secretAccessKey: secrets.accessKey.secret,
    },
    api: { url: `${url}/api/v1`, token: `${secrets.accessKey.id}.${secrets.accessKey.secret}` },
    pid: process.pid,
  }
  const link = `${url}/sign-in#${(await control.signInToken()).reveal()}`
  writeReady(data, ready)
  return { ready, link, tls }
}

/** The agent of this machine goes on with its own, whatever becomes of the clone's. */
function keepBundle(made: string, folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const kept = join(folder, basename(made))
  copyFileSync(made, `${kept}.new`)
  renameSync(`${kept}.new`, kept)
  return kept
}

async function startAgent(
  { data, port, hostName, simulated, listen: listening }: Options,
  parts: { place: Place; control: ControlPlane; agentScript: string; started: Started; stop: StopAsked },
): Promise<void> {
  const { place, control, started, stop } = parts
  if (simulated === 0) {
    mkdirSync(place.storage, { recursive: true, mode: 0o711 })
    const libvirtd = await progress.step('starting libvirt', () => keepLibvirtd(join(machineFolder, 'libvirt'), progress.say))
    started.add(() => libvirtd.stop())
  }
  // Other hosts reach this one where they reach the control plane.
  const underlay = listening && !['0.0.0.0', '::'].includes(listening.address) ? listening.address : null
  const agent = await keepAgent(
    {
      script: parts.agentScript,
      data,
      // Loopback, also behind --listen: it runs on this machine.
      url: `http://127.0.0.1:${port}`,
      hostName,
      simulated,
      instance: place.instance,
      tag: place.tag,
      storage: place.storage,
      underlay,
      token: control.enrolmentToken,
    },
    how => progress.say(`the agent ended (${how}); starting it again, see ${join(data, 'agent.log')}`),
  )
  started.add(() => agent.process.stop())
  await progress.step('waiting for the host', async () => {
    for (const end = performance.now() + upMs; !stop.now(); await pause(50)) {
      if (await control.hostsUp(agent.hosts)) return
      if (performance.now() > end) throw new Stop(`The agent of this host is not heard from: see ${join(data, 'agent.log')}.`)
    }
  })
}

interface Tls {
  readonly certificate: string
  readonly key: string
  /** Where the certificate lies, when nobody but us vouches for it. */
  readonly selfMade?: string
}

/** The given certificate, or one of our own, which stays the same. */
function tlsOf({ data, listen: listening }: Options, addresses: readonly string[]): Tls | undefined {
  if (!listening) return undefined
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      throw new Stop(`${path} cannot be read: --tls-cert and --tls-key take PEM files.`)
    }
  }
  if (listening.certificate) {
    const files = listening.certificate
    const given = { certificate: read(files.certificate), key: read(files.key) }
    const problem = unfit(given, clock.now())
    if (problem) throw new Stop(`${files[problem.part]} ${problem.why}: --tls-cert and --tls-key take the PEM files of one pair.`)
    return given
  }

  const [certificateFile, keyFile] = [join(data, 'tls.crt'), join(data, 'tls.key')]
  if (!existsSync(certificateFile) || !existsSync(keyFile)) {
    const made = makeCertificate([hostname(), ...addresses, '127.0.0.1'], { random: systemRandom, now: clock.now() })
    writeFileSync(keyFile, made.key, { mode: 0o600 })
    writeFileSync(certificateFile, made.certificate, { mode: 0o600 })
  }
  const certificate = read(certificateFile)
  return { certificate, key: read(keyFile), selfMade: certificateFile }
}

const told = ({ certificate, selfMade }: Tls): string => `TLS      the certificate is self-made, in ${selfMade}
         its SHA-256, for agents: --pin ${pinOf(certificate)}
         its key's, for curl: -k --pinnedpubkey ${keyPinOf(certificate)}
`

function tell({ simulated, agent }: Options, { ready, link, tls }: Running): void {
  const { ec2 } = ready
  const trust = tls?.selfMade ? `--ca-bundle ${tls.selfMade} ` : ''
  const aws = `aws ${trust}--endpoint-url ${ec2.endpoint} --region ${ec2.region} ec2`
  const real = agent && simulated === 0
  const hosts = simulated > 0 ? `  (${simulated} simulated: machines are made up)` : agent ? '' : '  (no agent: no hosts)'
  process.stdout.write(`
Sirocco is ready.${hosts}

Portal   ${link}
         (signs you in once, within 15 minutes; later as ${ready.admin.email} with the password in ready.json)
${tls?.selfMade ? told(tls) : ''}
With the AWS command line${isInstalled('aws') ? '' : ' (apt-get install awscli)'}:

  export AWS_ACCESS_KEY_ID=${ec2.accessKeyId}
  export AWS_SECRET_ACCESS_KEY=${ec2.secretAccessKey}
  image=$(${aws} describe-images --query 'sort_by(Images,&CreationDate)[-1].ImageId' --output text)
  test -s me.pem || ${aws} create-key-pair --key-name me --query KeyMaterial --output text > me.pem && chmod 600 me.pem
  ${aws} run-instances --image-id $image --instance-type t3.nano --key-name me
  ${aws} describe-instances --query 'Reservations[].Instances[].[InstanceId,State.Name,PrivateIpAddress]' --output text
${real ? '  ssh -i me.pem root@ADDRESS\n' : ''}
Ctrl-C stops it; machines keep running.
`)
}
