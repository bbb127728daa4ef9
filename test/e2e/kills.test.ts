import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { points } from '@sirocco/agent/reconcile/points.ts'
import { audit } from '@sirocco/cli/audit/audit.ts'
import { endpointAt, placeIn } from '@sirocco/cli/place.ts'
import { pick, type Random, seeded } from '@sirocco/shared/kit/random.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Box, here, openBox, whyNotReal } from './box.ts'
import { Commits } from './commits.ts'
import { Fleet, type Op } from './fleet.ts'
import { Instance, until } from './instance.ts'

/** What `audit-host` finds, in this process: its start would take longer than its look. */
async function leftovers(instance: Instance): Promise<string[]> {
  const { api } = instance.ready
  const endpoint = endpointAt(api.url, api.token)
  const place = await placeIn(join(instance.data, 'agent'))
  if (!endpoint.ok || !place.ok) throw new Error('no agent is enrolled')
  const found = await audit({ endpoint: endpoint.value, place: place.value, host: null, waitMs: 15_000 })
  if (!found.ok) throw new Error(found.fault.message)
  return found.value.map(({ what, kind, id, detail }) => `${what} ${kind} ${id}: ${detail}`)
}

/** After so many failures the rest would tell nothing new. */
const enough = 5

/** Runs every row, and says of each that failed why. */
async function rows<T>(all: readonly T[], nameOf: (row: T) => string, run: (row: T) => Promise<void>): Promise<string[]> {
  const failures: string[] = []
  for (const row of all) {
    if (failures.length >= enough) break
    try {
      await run(row)
    } catch (error) {
      failures.push(`${nameOf(row)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failures
}

async function settledAndClean(instance: Instance, fleet: Fleet, op: Op, token: string, machine: string | null): Promise<string> {
  const id = await fleet.settled(op, token, machine)
  const left = await leftovers(instance)
  if (left.length > 0) throw new Error(left.join('; '))
  return id
}

let tokens = 0
const newToken = () => `token-${++tokens}`

const around = (...names: string[]) => names.flatMap(name => [`${name}.before`, `${name}.after`])

/** Points of commands, such as a reset: the simulation kills there. */
const commands = /^(outbox|port\.compute\.reboot)\./

/** The crash points of the agent that each verb passes. */
const passed = {
  create: around(
    'desired.replace',
    'journal.append',
    'port.networks.apply',
    'port.storage.keep',
    'port.storage.prepare',
    'port.compute.define',
    'port.compute.start',
  ),
  stop: around('desired.replace', 'journal.append', 'port.compute.askToStop'),
  cut: around('port.compute.cut'),
  start: around('journal.replace'),
  delete: around(
    'desired.replace',
    'journal.append',
    'port.compute.cut',
    'port.compute.undefine',
    'port.storage.remove',
    'port.networks.apply',
  ),
} as const satisfies Record<Exclude<Op, 'reboot'>, readonly string[]>

describe('simulated hosts', () => {
  let box: Box
  let instance: Instance
  let fleet: Fleet
  /** Where the test supervises it. */
  let agent: ChildProcess | null = null

  beforeAll(async () => {
    box = await here()
    instance = new Instance({ box, name: 'simulated', simulated: 1 })
    await instance.start()
    fleet = new Fleet(instance)
  })
  afterAll(async () => {
    await end(agent)
    await instance?.erase()
    await box?.close()
  })

  /** Machines that run, as many as are asked for. */
  async function running(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, newToken)
    for (const name of names) await fleet.insist('create', name, null)
    return Promise.all(names.map(name => fleet.settled('create', name, null)))
  }

  test('every crash point of the agent is passed by a verb below', () => {
    expect([...new Set(Object.values(passed).flat())].sort()).toEqual(points.filter(point => !commands.test(point)).sort())
  })

  test('the agent is killed at each of its crash points', async () => {
    await instance.stop()
    await instance.start({ agent: false })
    agent = startAgent(instance)
    const all = Object.entries(passed).flatMap(([op, names]) => names.map(point => ({ op: op as Op, point })))
    const stock = await running(all.filter(({ op }) => op !== 'create').length)
    const failures = await rows(
      all,
      ({ op, point }) => `${op} at ${point}`,
      async ({ op, point }) => {
        const machine = op === 'create' ? null : (stock.pop() ?? null)
        const token = newToken()
        if (op === 'start') await fleet.settled('cut', newToken(), machine)
        await end(agent)
        rmSync(join(instance.data, 'agent/crashed'), { force: true })
        if (point.startsWith('port.storage.keep')) forgetImages(instance)
        const doomed = startAgent(instance, point)
        try {
          await fleet.insist(op, token, machine)
          const late = AbortSignal.timeout(30_000)
          if (doomed.exitCode === null && doomed.signalCode === null) await once(doomed, 'exit', { signal: late })
        } catch {
          throw new Error('this point was never passed')
        } finally {
          await end(doomed)
          agent = startAgent(instance)
        }
        await settledAndClean(instance, fleet, op, token, machine)
      },
    )
    await end(agent)
    expect(failures).toEqual([])
  })

  test('everything is killed at each commit of the store', async () => {
    await instance.killAll()
    await instance.start()
    const [sample = '', ...stock] = await running(60)
    const failures: string[] = []
    for (const op of ['create', 'cut', 'delete'] as const) {
      const commits = new Commits(instance.data)
      const first = newToken()
      await fleet.settled(op, first, op === 'create' ? null : sample)
      const count = commits.count
      commits.end()
      const each = Array.from({ length: count }, (_, at) => at + 1)
      failures.push(
        ...(await rows(
          each,
          n => `${op} at commit ${n} of ${count}`,
          async n => {
            const machine = op === 'create' ? null : (stock.pop() ?? null)
            const token = newToken()
            const watch = new Commits(instance.data)
            const killed = new Promise<void>(resolve => watch.after(n, () => resolve(instance.killAll())))
            const asked = fleet.ask(op, token, machine).catch(() => undefined)
            await Promise.race([killed, pause(10_000)])
            // Fewer commits than at the first time: then it is killed at its end.
            if (!watch.end()) await instance.killAll()
            await asked
            await instance.start()
            await settledAndClean(instance, fleet, op, token, machine)
          },
        )),
      )
    }
    expect(failures).toEqual([])
  })

  test('any part is killed at 50 moments between accepted and done', async () => {
    const random = seeded(50)
    const moments = momentsOf(
      random,
      50,
      ['agent', 'workerd', 'agent', 'workerd', 'all'],
      ['create', 'cut', 'start', 'delete', 'create', 'delete'],
    )
    let machine: string | null = null
    const failures = await rows(
      moments,
      ({ op, part, ms }) => `${op}, ${part} killed after ${ms} ms`,
      async ({ op, part, ms }) => {
        const subject: string | null = op === 'create' ? null : machine
        const token = newToken()
        await fleet.insist(op, token, subject)
        await pause(ms)
        await kill(instance, part)
        machine = await settledAndClean(instance, fleet, op, token, subject)
      },
    )
    expect(failures).toEqual([])
  })
})

const whyNot = whyNotReal()

describe.skipIf(whyNot !== null)(`real machines${whyNot === null ? '' : ` (${whyNot})`}`, () => {
  let box: Box
  let instance: Instance
  let bystander: Instance

  beforeAll(async () => {
    box = await openBox()
    instance = new Instance({ box, name: 'killed', simulated: 0 })
    bystander = new Instance({ box, name: 'bystander', simulated: 0 })
    await bystander.start()
    await instance.start()
  })
  afterAll(async () => {
    await instance?.erase()
    await bystander?.erase()
    await box?.close()
  })
  const libvirtd = () => box.processes().filter(({ words }) => /(^|\/)libvirtd$/.test(words[0] ?? ''))

  test('any part is killed between accepted and done, beside an instance that does not notice', async () => {
    const fleet = new Fleet(instance)
    const beside = new Fleet(bystander)
    await beside.insist('create', 'beside', null)
    const theirs = await beside.settled('create', 'beside', null)
    const qemu = () =>
      box.processes().filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(theirs)))
    const [before] = qemu()
    const moments = momentsOf(seeded(12), 12, ['agent', 'libvirtd', 'workerd', 'all'], ['create', 'cut', 'delete'])
    let machine: string | null = null
    const failures = await rows(
      moments,
      ({ op, part, ms }) => `${op}, ${part} killed after ${ms} ms`,
      async ({ op, part, ms }) => {
        const subject: string | null = op === 'create' ? null : machine
        const token = newToken()
        await fleet.insist(op, token, subject)
        await pause(ms)
        if (part === 'libvirtd') for (const { pid } of libvirtd()) process.kill(pid, 'SIGKILL')
        else await kill(instance, part)
        machine = await fleet.settled(op, token, subject)
        // The libvirtd that was killed may not be back yet.
        const left = await until('an audit', () => instance.audit(15))
        if (left.length > 0)
          throw new Error(left.map(({ what, kind, id, detail }) => `${what} ${kind} ${id}: ${detail}`).join('; '))
      },
    )
    expect(failures).toEqual([])
    expect(qemu().map(({ pid }) => pid)).toEqual([before?.pid])
    expect(await bystander.audit()).toEqual([])
  })
})

type Part = 'agent' | 'workerd' | 'libvirtd' | 'all'

/** Verbs in their order, so that each finds a machine that it suits; parts in turn, so that each meets each verb; moments by chance. */
function momentsOf<P extends Part>(random: Random, count: number, parts: readonly P[], verbs: readonly Op[]) {
  const round = leastCommonMultiple(parts.length, verbs.length)
  return Array.from({ length: count }, (_, at) => ({
    op: verbs[at % verbs.length] ?? 'create',
    part: parts[(at + Math.floor(at / round)) % parts.length] ?? pick(random, parts),
    ms: Math.floor(random.next() ** 2 * 800),
  }))
}

const leastCommonMultiple = (a: number, b: number): number => {
  for (let multiple = a; ; multiple += a) if (multiple % b === 0) return multiple
}

async function kill(instance: Instance, part: Exclude<Part, 'libvirtd'>): Promise<void> {
  if (part !== 'all') return instance.kill(part)
  await instance.killAll()
  await instance.start()
}

/** The agent as its supervisor starts it; it dies at `point`. */
function startAgent({ data }: Instance, point?: string): ChildProcess {
  const { SIROCCO_CRASH_AT: _, ...env } = process.env
  return spawn(process.execPath, [join(data, 'run/sirocco-agent.mjs'), 'run', '--data', join(data, 'agent')], {
    env: point === undefined ? env : { ...env, SIROCCO_CRASH_AT: point },
    stdio: 'ignore',
  })
}

async function end(child: ChildProcess | null): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill('SIGKILL')
  await over
}

/** Every simulated host has lost its images, so that the next machine needs them anew. */
function forgetImages({ data }: Instance): void {
  const folder = join(data, 'agent')
  for (const name of readdirSync(folder).filter(file => /^simulated-.*\.json$/.test(file))) {
    const state = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    for (const store of Object.values<{ images: object }>(state.stores)) store.images = {}
    writeFileSync(join(folder, name), JSON.stringify(state))
  }
}
