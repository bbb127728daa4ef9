import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { realpath } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { linuxBackups } from './backups/linux.ts'
import { backupObjectsBy } from './backups/objects.ts'
import { simulatedBackups } from './backups/simulated.ts'
import { composeAgent } from './compose.ts'
import { type AgentConfig, readConfig } from './config.ts'
import { haltAt } from './crash.ts'
import { folderDisk } from './disk/folder.ts'
import { simulatedImporter } from './drivers/simulated/importer.ts'
import { SimulatedSite, simulatedUnderlay } from './drivers/simulated/underlay.ts'
import { allowedRanges } from './egress/fetch.ts'
import { keyFile } from './enrol.ts'
import { powerOff } from './fence/power-off.ts'
import { tellController } from './fence/redfish-https.ts'
import { machinePrint } from './fingerprint/machine.ts'
import { hostsOf } from './hosts.ts'
import { fetchImage } from './images/fetch.ts'
import { linuxImporter } from './images/importer.ts'
import { blobsBy } from './images/put.ts'
import { readCredential, type Signer, signedHeaders } from './link/credential.ts'
import { Dialler } from './link/dial.ts'
import { addressOf, bytesOf, request } from './link/request.ts'
import { openWebSocket } from './link/web-socket.ts'
import type { Backups } from './ports/backups.ts'
import type { Importer } from './ports/importer.ts'
import type { Underlay } from './ports/move.ts'
import { run as runProgram } from './programs/run.ts'
import { runConfined } from './programs/sandbox.ts'
import type { FetchImage } from './reconcile/image-room.ts'
import type { Log } from './reconcile/reconciler.ts'
import { joinConsole, type OpenStream } from './streams/console.ts'
import { tlsUnderlay } from './underlay/tls.ts'
import { hashOf } from './upgrade/folder.ts'
import { startAgain, startsAgain } from './upgrade/start-again.ts'
import { Upgrade } from './upgrade/upgrade.ts'
import { agentVersion } from './version.ts'

const random: Random = {
  next: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  bytes: length => Uint8Array.from(randomBytes(length)),
}

/** Where the code of this process is: the bundle that runs, and the installed one that handed over to it (the same where none did). */
export interface Code {
  readonly running: string
  readonly installed: string
}

/** Runs the agent in `data`, of this code (null: of sources, which become no other), until it is told to stop; resolves with how to stop it once it is set going. */
export async function run(
  data: string,
  timers: Timers,
  log: Log,
  code: Code | null = null,
): Promise<Result<{ stop(): Promise<void> }>> {
  const disk = await folderDisk(data)
  const config = await readConfig(disk)
  if (!config.ok) return config
  const pem = await disk.read(keyFile)
  if (pem === null) return refuse('not_found', `${keyFile} is missing in ${data}: enrol this machine anew`)
  const lock = await lockOf(data)
  if (!lock.ok) return lock
  const held = lock.value

  const { fingerprint, bootId } = await machinePrint()
  const { agent: id, control } = config.value
  const signer: Signer = { credential: readCredential(pem), agent: id, fingerprint, clock: timers }
  const at = haltAt(process.env.SIROCCO_HALT_AT)
  const bundle = code === null ? null : hashOf(code.running)
  const upgrade = upgradeOf(bundle, code === null ? null : hashOf(code.installed))
  const agent = await composeAgent({
    hosts: await hostsOf(config.value, data, timers),
    underlay: underlayOf(config.value),
    disk,
    timers,
    random,
    fetchImage: imagesFrom(control, signer),
    importer: importerOf(config.value, signer),
    backups: backupsOf(config.value, signer),
    joinConsole: (source, path, how) => joinConsole(source, path, streamsTo(control, signer), how),
    powerOff: controller =>
      powerOff(controller, {
        run: runProgram,
        tell: tellController,
        clock: timers,
        pause: ms => new Promise(resolve => timers.after(ms, () => resolve())),
      }),
    ...(upgrade === null ? {} : { upgrade: { ask: () => void upgrade.talk(), live: () => void upgrade.live() } }),
    identity: { agentVersion, bootId, runId: randomUUID(), ...(bundle === null ? {} : { bundle }) },
    ...rescueBootOf(process.env.SIROCCO_RESCUE_BOOT),
    log,
    at,
  })
  const link = addressOf(control, 'agent/link')
  const dialler = new Dialler({
    session: agent.session,
    timers,
    random,
    log,
    open: events =>
      openWebSocket(control, link, signedHeaders(signer, 'GET', link), {
        opened: events.opened,
        text: events.message,
        bytes: () => {},
        closed: events.closed,
      }),
  })
  dialler.start()
  log('info', 'the agent runs', { agent: id, version: agentVersion, hosts: config.value.hosts, driver: config.value.driver.kind })
  async function stop(): Promise<void> {
    dialler.stop()
    await agent.stop()
    held.close()
  }
  return ok({ stop })

  function upgradeOf(bundle: string | null, installed: string | null): Upgrade | null {
    if (bundle === null || installed === null) return null
    return new Upgrade({
      ...{ data, bundle, installed, agentVersion, log, at, startsAgain: startsAgain() },
      async ask(method, path, body) {
        const url = addressOf(control, path)
        const headers = {
          ...signedHeaders(signer, method, url),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        }
        const answer = await request(control, url, { method, headers, ...(body === undefined ? {} : { body }) })
        return { status: answer.statusCode ?? 0, bytes: await bytesOf(answer, limits.bundleBytes) }
      },
      async restart() {
        log('info', 'the agent starts again as another; machines keep running')
        await Promise.race([stop(), new Promise(resolve => timers.after(stopWithin, () => resolve(null)))])
        startAgain()
      },
    })
  }
}

/** Seconds, where whoever runs the agent knows how long a rescue system takes to boot there. */
const rescueBootOf = (seconds: string | undefined) =>
  seconds === undefined ? {} : { rescueBoot: RescueBoot.parse(seconds) * 1_000 }
const RescueBoot = z.coerce
  .number('SIROCCO_RESCUE_BOOT is a number of seconds')
  .min(1, 'SIROCCO_RESCUE_BOOT is at least 1 second')

/** Milliseconds that the end of a life may take before the next begins. */
const stopWithin = 10_000

/** How machines go to other hosts: real ones over the declared underlay, simulated ones among those of this process. */
const underlayOf = ({ driver, underlay, runtime }: AgentConfig): Underlay =>
  driver.kind === 'simulated'
    ? simulatedUnderlay(new SimulatedSite())
    : tlsUnderlay({ address: underlay?.address ?? null, port: underlay?.port ?? 0, dir: join(runtime, 'moves') })

/** Image files by signed, ranged requests. */
const imagesFrom =
  (control: AgentConfig['control'], signer: Signer): FetchImage =>
  file =>
    fetchImage(file, async from => {
      const url = addressOf(control, `agent/blobs/${file.sha256}`)
      const headers = { ...signedHeaders(signer, 'GET', url), range: `bytes=${from}-${file.bytes - 1}` }
      const answer = await request(control, url, { method: 'GET', headers })
      return { status: answer.statusCode ?? 0, bytes: answer }
    })

/** Makes images where the control plane asks for it; a simulated host only pretends to. */
function importerOf({ control, storage, driver }: AgentConfig, signer: Signer): Importer {
  const blobs = blobsBy((method, path, body) => {
    const url = addressOf(control, path)
    return request(control, url, { method, headers: signedHeaders(signer, method, url), ...(body === undefined ? {} : { body }) })
  })
  if (driver.kind === 'simulated') return simulatedImporter(blobs)
  const egress = {
    resolve: (name: string) => lookup(name, { all: true }),
    allow: allowedRanges(process.env.SIROCCO_EGRESS_ALLOW),
  }
  return linuxImporter({ dir: join(storage, 'imports'), egress, run: runConfined, blobs })
}

/** Backups by signed, ranged requests; a simulated host's disks hold next to nothing. */
function backupsOf({ control, storage, driver }: AgentConfig, signer: Signer): Backups {
  const objects = backupObjectsBy((method, path, { body, range }) => {
    const url = addressOf(control, path)
    const headers = { ...signedHeaders(signer, method, url), ...(range === undefined ? {} : { range }) }
    return request(control, url, { method, headers, ...(body === undefined ? {} : { body }) })
  })
  return driver.kind === 'simulated' ? simulatedBackups(objects) : linuxBackups({ dir: storage, run: runConfined, objects })
}

/** Streams by signed sockets; only paths of streams are dialled. */
const streamsTo =
  (control: AgentConfig['control'], signer: Signer): OpenStream =>
  (path, events) =>
    new Promise(resolve => {
      const url = addressOf(control, path.replace(/^\/+/, ''))
      const streams = addressOf(control, 'agent/streams/')
      if (url.origin !== streams.origin || !url.pathname.startsWith(streams.pathname))
        return resolve(refuse('invalid', 'a console is joined to a stream only'))
      const socket = openWebSocket(control, url, signedHeaders(signer, 'GET', url), {
        opened: () => resolve(ok(socket)),
        text: events.text,
        bytes: events.bytes,
        closed: why => {
          resolve(refuse('unavailable', `the stream cannot be opened: ${why}`))
          events.closed(why)
        },
      })
    })

/** Held by one process for each data folder; an abstract socket, which the kernel lets go of however the process ends. */
export async function lockOf(data: string): Promise<Result<Server>> {
  const name = `\0sirocco-agent-${createHash('sha256')
    .update(await realpath(data))
    .digest('hex')}`
  const server = createServer(socket => socket.destroy())
  return new Promise(resolve => {
    server.once('error', () => resolve(refuse('conflict', `another agent runs in ${data}`)))
    server.listen(name, () => resolve(ok(server.unref())))
  })
}
