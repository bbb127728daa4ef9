import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { AgentConfig } from '@sirocco/agent/config.ts'
import { hostsOf } from '@sirocco/agent/hosts.ts'
import { vacate } from '@sirocco/agent/vacate.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { systemRandom } from './chance.ts'
import { belongings } from './instance/belongings.ts'
import { endLeftovers } from './instance/leftovers.ts'
import { takeLock } from './instance/lock.ts'
import { secretsOf } from './instance/secrets.ts'
import { keepLibvirtd, libvirtSocket } from './machine/libvirtd.ts'
import { type Claim, claims, machineFolder, registryFolder, unclaim } from './machine/registry.ts'
import { checkHost } from './preflight.ts'
import { progress } from './progress.mjs'
import { Stop } from './stop.ts'

const help = `usage: npm run sirocco -- uninstall [options]
  --data DIR   the instance to remove for good, with all that it has on this machine (./.sirocco)
  --machines   destroy its machines and their disks, too; without it refused while there are any
  --yes        do not ask`

const wall: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Removes an instance from this machine, whether or not its directory is still there; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const asked = readArguments(args)
  if (asked === 'help') {
    process.stdout.write(`${help}\n`)
    return 0
  }
  const { data, machines, yes } = asked
  const claim = claimOf(data)
  if (!existsSync(join(data, 'secrets.json')) && !claim)
    throw new Stop(`There is no instance in ${data}: name one by --data DIR.`)
  if (!(yes || (await agreed(data, machines)))) throw new Stop('Nothing was removed.')

  const lock = existsSync(data) ? takeLock(join(data, 'lock')) : undefined
  if (lock && !lock.taken) throw new Stop(`${data} is in use by process ${lock.by}: stop that one first.`)
  try {
    const instance = instanceIn(data) ?? claim?.instance
    if (instance) await endLeftovers(instance)
    const config = agentIn(data) ?? (claim && agentOf(claim))
    if (config) await vacated(config, machines)
    if (instance) unclaim(registryFolder, instance)
    progress.say(removed(data))
  } finally {
    if (lock?.taken) lock.release()
  }
  return 0
}

function readArguments(args: readonly string[]): 'help' | { data: string; machines: boolean; yes: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string', default: '.sirocco' },
        machines: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values.help ? 'help' : { data: resolve(values.data), machines: values.machines, yes: values.yes }
  } catch (reason) {
    throw new Stop(`${reason instanceof Error ? reason.message.replace(/\.$/, '') : String(reason)}.\n${help}`, 2)
  }
}

async function agreed(data: string, machines: boolean): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Stop('There is nobody to ask whether the instance shall go for good: give --yes.', 2)
  const questions = createInterface({ input: process.stdin, output: process.stderr })
  const what = machines ? `${data}, all that it knows, and its machines with their disks` : `${data} and all that it knows`
  const answer = await questions.question(`Remove ${what} for good? [y/N] `)
  questions.close()
  return /^\s*(y|yes)\s*$/i.test(answer)
}

const instanceIn = (data: string): string | undefined =>
  existsSync(join(data, 'secrets.json')) ? secretsOf(join(data, 'secrets.json'), systemRandom)?.instance : undefined

/** That of the instance; where its directory is gone already, that of the last which lived there. */
function claimOf(data: string): Claim | undefined {
  const instance = instanceIn(data)
  return claims(registryFolder).find(claim => (instance === undefined ? claim.data === data : claim.instance === instance))
}

function agentIn(data: string): AgentConfig | undefined {
  try {
    return AgentConfig.parse(JSON.parse(readFileSync(join(data, 'agent/agent.json'), 'utf8')))
  } catch {
    return undefined
  }
}

/** What the agent of an instance was enrolled with, as far as that says where its things are. */
const agentOf = ({ instance, tag }: Claim): AgentConfig => ({
  version: 1,
  agent: 'gone',
  control: { url: 'http://127.0.0.1', pin: null },
  instance,
  tag,
  hosts: [{ id: 'gone', name: 'this machine' }],
  driver: { kind: 'libvirt', socket: libvirtSocket, uri: 'qemu:///system' },
  storage: join(machineFolder, instance),
  runtime: join('/run/sirocco', instance),
})

async function vacated(config: AgentConfig, machines: boolean): Promise<void> {
  // Simulated hosts have nothing outside the directory.
  if (config.driver.kind === 'simulated') return
  checkHost()
  const libvirtd = await progress.step('starting libvirt', () => keepLibvirtd(join(machineFolder, 'libvirt'), progress.say))
  const hosts = await hostsOf(config, '', wall)
  try {
    const done = await progress.step('clearing the host', () => vacate(hosts, config, { machines }))
    if (!done.ok) throw new Stop(`The instance stays as it is: ${done.fault.message}.`)
    for (const line of done.value) progress.say(line)
  } finally {
    for (const { compute } of hosts) await compute.close()
    libvirtd.stop()
  }
}

/** Removes what is the instance's, and the directory where that leaves nothing. */
function removed(data: string): string {
  for (const name of belongings(data)) rmSync(join(data, name), { recursive: true, force: true })
  const left = existsSync(data) ? readdirSync(data).filter(name => name !== 'lock') : []
  if (left.length > 0) return `removed the instance; ${data} still holds ${left.slice(0, 5).join(', ')}`
  rmSync(join(data, 'lock'), { force: true })
  if (existsSync(data)) rmdirSync(data)
  return `removed ${data}`
}
