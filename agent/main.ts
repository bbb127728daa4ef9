import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type AgentConfig, readConfig } from './config.ts'
import { folderDisk } from './disk/folder.ts'
import { enrol } from './enrol.ts'
import { hostsOf } from './hosts.ts'
import { install, uninstall, unitOf } from './install.ts'
import { jsonLog } from './log.ts'
import { points } from './reconcile/points.ts'
import { lockOf, run } from './run.ts'
import { addressTowards } from './underlay/towards.ts'
import { bundlesFolder } from './upgrade/choice.ts'
import { launch } from './upgrade/launch.ts'
import { machinesOn, vacate } from './vacate.ts'
import { agentVersion } from './version.ts'

const usage = `sirocco-agent ${agentVersion}

  enrol --url URL (--token TOKEN | --token-file FILE) [--data DIR] [--pin SHA256] [--name NAME] [--simulated N]
        [--underlay ADDRESS[:PORT]|auto] [--instance ID] [--tag TAG] [--libvirt-socket PATH] [--libvirt-uri URI] [--storage DIR]
            make this machine known to a control plane
  run     [--data DIR]            keep this machine's hosts as they are wanted
  install [--data DIR] [--print]  write the systemd unit and start it; or only print it
  uninstall [--data DIR] [--purge [--machines]]
            stop the agent and remove its unit; machines go on. With --purge also remove networks and files of its instance, which is
            refused while there are machines, unless --machines destroys them
  points                          list the crash points
  version
`

const options = {
  data: { type: 'string', default: '/var/lib/sirocco/agent' },
  url: { type: 'string' },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  pin: { type: 'string' },
  name: { type: 'string' },
  simulated: { type: 'string', default: '0' },
  instance: { type: 'string' },
  tag: { type: 'string' },
  'libvirt-socket': { type: 'string', default: '/run/libvirt/libvirt-sock' },
  'libvirt-uri': { type: 'string', default: 'qemu:///system' },
  storage: { type: 'string' },
  underlay: { type: 'string' },
  print: { type: 'boolean', default: false },
  purge: { type: 'boolean', default: false },
  machines: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const parsed = () => parseArgs({ options, allowPositionals: true })
type Values = ReturnType<typeof parsed>['values']

const wall: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
const log = jsonLog(wall, line => process.stdout.write(line))

const commands: Readonly<Record<string, (values: Values) => Promise<void>>> = {
  enrol: async values => {
    const token = values['token-file'] === undefined ? values.token : readFileSync(values['token-file'], 'utf8').trim()
    const simulated = Number(values.simulated)
    if (!values.url || !token) return fail('enrol needs --url and --token (or --token-file)')
    if (!Number.isInteger(simulated) || simulated < 0 || simulated > 1_000)
      return fail('--simulated takes a number of hosts up to 1000')
    const underlay = await underlayFor(values.underlay, values.url)
    if (underlay === undefined)
      return fail('--underlay takes an IP address of this machine, and a port after a colon ([::1]:4800)')
    const data = resolve(values.data)
    const enrolled = await enrol(
      {
        url: values.url,
        token: new Secret(token),
        data,
        pin: values.pin ?? null,
        name: values.name ?? null,
        simulated,
        instance: values.instance ?? null,
        tag: values.tag ?? null,
        socket: values['libvirt-socket'],
        uri: values['libvirt-uri'],
        storage: values.storage ?? null,
        underlay,
      },
      await folderDisk(data),
    )
    if (!enrolled.ok) return refused(enrolled.fault)
    log('info', 'enrolled', { agent: enrolled.value.agent, hosts: enrolled.value.hosts })
  },
  run: async values => {
    const data = resolve(values.data)
    if (await launch(import.meta.url, data, limits.upgradeLive)) return
    const own = fileURLToPath(import.meta.url)
    const code = own.endsWith('.ts') ? null : { running: own, installed: resolve(process.argv[1] ?? '') }
    const running = await run(data, wall, log, code)
    if (!running.ok) return refused(running.fault)
    const stop = async (signal: string) => {
      log('info', 'the agent stops; machines keep running', { signal })
      await running.value.stop()
      process.exit(0)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
  },
  install: async values => {
    const data = resolve(values.data)
    const config = await readConfig(await folderDisk(data))
    if (!config.ok) return refused(config.fault)
    const unit = ownUnit(config.value, data)
    if (values.print) return print(unit.text)
    const installed = await install(unit)
    if (!installed.ok) return refused(installed.fault)
    print(lines(installed.value))
  },
  uninstall: async ({ data: folder, purge, machines }) => {
    if (machines && !purge) return fail('--machines goes with --purge')
    const data = resolve(folder)
    const config = await readConfig(await folderDisk(data))
    if (!config.ok) return refused(config.fault)
    const hosts = await hostsOf(config.value, data, wall)
    try {
      // Before anything is stopped: whoever is refused finds all as it was.
      const there = await machinesOn(hosts)
      if (!there.ok) return refused(there.fault)
      const stay = there.value.length > 0 && !machines
      if (purge && stay)
        return fail(`${there.value.length} machines are still here: terminate them, or give --machines to destroy them`)
      const removed = await uninstall(ownUnit(config.value, data))
      if (!removed.ok) return refused(removed.fault)
      print(lines(removed.value))
      if (!purge) return print(lines(remaining(config.value, there.value.length, data)))
      const lock = await lockOf(data)
      if (!lock.ok) return refused(lock.fault)
      const vacated = await vacate(hosts, config.value, { machines })
      if (!vacated.ok) return refused(vacated.fault)
      for (const name of readdirSync(data).filter(one => ownFile.test(one))) rmSync(join(data, name))
      rmSync(join(data, bundlesFolder), { recursive: true, force: true })
      print(lines([...vacated.value, `removed what the agent kept in ${data}`]))
    } finally {
      for (const { compute } of hosts) await compute.close()
    }
  },
  points: async () => print(`${points.join('\n')}\n`),
  version: async () => print(`${agentVersion}\n`),
}

const ownUnit = (config: AgentConfig, data: string) =>
  unitOf(config, { node: process.execPath, script: resolve(process.argv[1] ?? ''), data })

/** What an agent keeps in its folder. */
const ownFile = /^(agent\.(json|key)|bundle\.json|(desired|journal|simulated|usage)-.+\.jsonl?|outbox\.jsonl)(\.new)?$/

const remaining = ({ storage }: AgentConfig, machines: number, data: string): string[] =>
  machines === 0
    ? [`no machine is here; its networks and files stay: \`sirocco-agent uninstall --data ${data} --purge\` removes them`]
    : [
        `${machines} machines stay as they are, with their disks in ${storage} and their networks; nobody starts or stops them now`,
      ]

const lines = (all: readonly string[]): string => all.map(line => `${line}\n`).join('')

/** `192.0.2.1`, `192.0.2.1:4800`, `fd00::1`, `[fd00::1]:4800`. */
/** `auto`: the address by which this machine reaches the control plane; null where none is declared, undefined for what is none. */
async function underlayFor(text: string | undefined, url: string): Promise<ReturnType<typeof underlayOf> | null> {
  if (text === undefined) return null
  if (text !== 'auto') return underlayOf(text)
  const address = URL.canParse(url) ? await addressTowards(url) : null
  return address === null ? null : { address, port: 0 }
}

function underlayOf(text: string): { address: string; port: number } | undefined {
  const [, bracketed, plain, port = '0'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = isIP(text) ? text : (bracketed ?? plain ?? '')
  return isIP(address) && Number(port) <= 65_535 ? { address, port: isIP(text) ? 0 : Number(port) } : undefined
}

function print(text: string): void {
  process.stdout.write(text)
}
function fail(why: string): void {
  process.stderr.write(`sirocco-agent: ${why}\n`)
  process.exitCode = 1
}
function refused({ message, detail }: Fault): void {
  fail(detail === undefined ? message : `${message} (${detail})`)
}

async function main(): Promise<void> {
  const { values, positionals } = parsed()
  const [name = 'help'] = positionals
  const command = commands[name]
  if (values.help || name === 'help') return print(usage)
  if (!command) return fail(`there is no command ${name}\n\n${usage}`)
  await command(values)
}

process.on('uncaughtException', error => {
  log('error', 'the agent ends: something impossible happened', { error: error.stack ?? String(error) })
  process.exit(1)
})
process.on('unhandledRejection', error => {
  throw error
})
main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
