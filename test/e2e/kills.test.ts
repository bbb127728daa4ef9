import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SimulatedState } from '@sirocco/agent/drivers/simulated/state.ts'
import { allWorkflows } from '@sirocco/control/operations/index.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Box, here } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { KillAtCommit, lastCommit } from './commits.ts'
import { Fleet, kinds, type Op } from './fleet.ts'
import { HaltingAgent } from './halting-agent.ts'
import { killAtPoint } from './kill-at-point.ts'
import { machinePoints, type Passing, passingsOf, withoutRepeats } from './points-passed.ts'
import { Stock } from './stock.ts'
import { auditHere, clean, momentsOf, type Part, tokens, tryAll } from './trials.ts'

const newToken = tokens('token')
type Killed = Exclude<Part, 'libvirtd'>
const parts = ['agent', 'workerd', 'all'] as const satisfies readonly Killed[]
const verbs = ['create', 'reboot', 'stop', 'delete'] as const satisfies readonly Op[]

/** ms in which a simulated guest comes up. */
const bootMs = 2_500

/** Passed by an agent that was just started only, and that has to fetch its image. */
const fresh = /^(journal\.replace|outbox\.replace|port\.storage\.keep)\./

/** An instance that is killed, over and over, beside another to which the same happens. */
interface Lane {
  readonly instance: Instance
  readonly fleet: Fleet
  readonly agent: HaltingAgent
  readonly stock: Stock
}

/** After the last commit, however many there were. */
const atItsEnd = Number.POSITIVE_INFINITY

/** ms for hundreds of kills on a busy machine. */
const atMost = 15 * 60_000

describe('two instances of simulated hosts, side by side', { timeout: atMost }, () => {
  let box: Box
  const lanes: Lane[] = []

  beforeAll(async () => {
    box = await here()
    await Promise.all(
      ['one', 'two'].map(async name => {
        const instance = await Instance.start({ box, name, simulated: 1 })
        const fleet = new Fleet(instance)
        const stock = new Stock(fleet, newToken, bootMs)
        lanes.push({ instance, fleet, agent: new HaltingAgent(box, instance), stock })
      }),
    )
  })
  afterAll(async () => {
    for (const { agent, instance } of lanes) {
      await agent.kill()
      await instance.dispose()
    }
    await box?.close()
  })

  test('any part is killed at each crash point of the agent', async () => {
    await Promise.all(lanes.map(superviseAgent))
    const [lane] = lanes
    if (!lane) throw new Error('no lane')
    await lane.stock.fill(4)
    const passings: Passing[] = []
    for (const op of verbs) passings.push(...(await passingsOf(op, lane)))
    const seldom = machinePoints.filter(point => fresh.test(point))
    for (const point of seldom) passings.push({ op: point.startsWith('outbox') ? 'reboot' : 'create', point, n: 1 })
    // A verb of a port, or a file of the agent, that no operation here passes would not be killed at.
    expect([...new Set(passings.map(({ point }) => point))].sort()).toEqual([...machinePoints].sort())

    const rows = withoutRepeats(passings).flatMap(passing =>
      parts.filter(part => passing.n === 1 || part === 'agent').map(part => ({ ...passing, part })),
    )
    const failures = await tryAll(lanes, rows, ({ op, point, n, part }) => `${part} at ${op}'s ${point}:${n}`, killHere)
    expect(failures).toEqual([])
  })

  test('any part is killed at each commit of the store', async () => {
    await Promise.all(lanes.map(superviseAgent))
    const [lane] = lanes
    if (!lane) throw new Error('no lane')
    await lane.stock.fill(4)
    const rows: { op: Op; part: Killed; n: number; of: number }[] = []
    for (const op of verbs) {
      const { token, machine } = await lane.stock.subject(op)
      const before = lastCommit(lane.instance.data)
      await lane.fleet.settled(op, token, machine)
      const of = lastCommit(lane.instance.data) - before
      // Of a reboot, whose commits are a stop's, the worst is enough.
      const struck: readonly Killed[] = op === 'reboot' ? ['all'] : parts
      for (let n = 1; n <= of; n++) for (const part of struck) rows.push({ op, part, n, of })
      // Some need more commits than the first.
      rows.push({ op, part: 'all', n: atItsEnd, of })
    }
    const landed = new Set<string>()
    const failures = await tryAll(
      lanes,
      rows,
      ({ op, part, n, of }) => `${part} at ${op}'s commit ${n} of ${of}`,
      async (row, lane) => {
        for (const step of await killAtCommit(row, lane)) landed.add(`${row.op} ${step}`)
      },
    )
    expect(failures).toEqual([])
    // A step that had landed at no kill would not be killed at.
    const steps = verbs.flatMap(op =>
      allWorkflows
        .filter(({ kind }) => kind === `machine.${kinds[op]}`)
        .flatMap(each => each.steps.map(({ name }) => `${op} ${name}`)),
    )
    expect([...landed].sort()).toEqual(expect.arrayContaining(steps.sort()))
  })

  test('any part is killed at 50 moments between accepted and done', async () => {
    await Promise.all(
      lanes.map(async ({ instance, agent }) => {
        await instance.kill('all')
        await agent.kill()
        await instance.start()
      }),
    )
    const machines = new Map<Lane, string | null>()
    const failures = await Promise.all(
      lanes.map((lane, at) =>
        tryAll(
          [lane],
          momentsOf(
            seeded(50 + at),
            25,
            ['agent', 'workerd', 'agent', 'workerd', 'all'],
            ['create', 'cut', 'start', 'delete', 'create', 'delete'],
          ),
          ({ op, part, ms }) => `${op}, ${part} killed after ${ms} ms`,
          async ({ op, part, ms }) => {
            const { instance, fleet } = lane
            const machine = op === 'create' ? null : (machines.get(lane) ?? null)
            const token = newToken()
            await fleet.insist(op, token, machine)
            await pause(ms)
            await instance.kill(part)
            if (part === 'all') await instance.start()
            machines.set(lane, await fleet.settled(op, token, machine))
            clean(await auditHere(instance))
          },
        ),
      ),
    )
    expect(failures.flat()).toEqual([])
  })
})

/** Starts the instance without its agent, and the agent by the test, unless it is so. */
async function superviseAgent({ instance, agent }: Lane): Promise<void> {
  if (agent.pid !== 0) return
  await instance.stop()
  await instance.start(['--no-agent'])
  await agent.start()
}

/** What is left to do once a part is killed: nobody helps but by starting it again. */
const strikes = {
  async agent({ agent }) {
    await agent.kill()
    await agent.start()
  },
  async workerd({ instance, agent }) {
    await instance.kill('workerd')
    agent.goOn()
  },
  async all({ instance, agent }) {
    await Promise.all([instance.kill('all'), agent.kill()])
    await instance.start(['--no-agent'])
    await agent.start()
  },
} as const satisfies Record<Killed, (lane: Lane) => Promise<void>>

async function killHere(passing: Passing & { readonly part: Killed }, lane: Lane): Promise<void> {
  const { instance, agent, fleet, stock } = lane
  const { op, point, part } = passing
  await killAtPoint(passing, {
    agent,
    fleet,
    async subject() {
      const subject = await stock.subject(op)
      if (fresh.test(point)) await agent.kill()
      if (point.startsWith('port.storage.keep')) forgetImages(instance)
      return subject
    },
    strike: () => strikes[part](lane),
    check: machine => check(op, machine, lane),
  })
}

async function check(op: Op, machine: string, lane: Lane): Promise<void> {
  if (op === 'create') lane.stock.add(machine)
  if (op === 'reboot') await onceAtMost(lane, machine)
  clean(await auditHere(lane.instance))
}

/** Answers with the steps that had landed, where everything was killed. */
async function killAtCommit({ op, part, n }: { op: Op; part: Killed; n: number }, lane: Lane): Promise<string[]> {
  const { instance, agent, fleet } = lane
  const { token, machine } = await lane.stock.subject(op)
  const victims = {
    agent: () => [agent.pid],
    workerd: () => instance.pids('workerd'),
    all: () => [-instance.group, agent.pid],
  } satisfies Record<Killed, () => number[]>
  const watch = await KillAtCommit.watch(instance.data, n, victims[part]())
  const asked = fleet.ask(op, token, machine).catch(() => undefined)
  // Fewer commits than at the first time: then it is killed at its end, too.
  await Promise.race([watch.killed, n === atItsEnd ? fleet.settled(op, token, machine) : pause(5_000)])
  const struck = await watch.end()
  if (part === 'all') await Promise.all([instance.kill('all'), agent.kill()])
  const landed = part === 'all' ? stepsLanded(instance, op) : []
  await asked
  // The other parts do not come again by themselves here.
  if (!struck || part !== 'workerd') await strikes[part](lane)
  await check(op, await fleet.settled(op, token, machine), lane)
  return landed
}

/** The steps that the newest operation of a kind has taken to their end. */
function stepsLanded({ data }: Instance, op: Op): string[] {
  // Of a copy: whoever closes a database last removes files that the next server would open.
  const copy = mkdtempSync(`${data}-`)
  for (const file of ['control.db', 'control.db-wal']) cpSync(join(data, file), join(copy, file))
  const database = new Database(join(copy, 'control.db'))
  try {
    const newest = 'SELECT id FROM operation WHERE kind = ? ORDER BY id DESC LIMIT 1'
    const done = `SELECT step FROM operation_log WHERE outcome = 'done' AND operation = (${newest})`
    const steps: unknown[] = database.prepare(done).pluck(true).all(`machine.${kinds[op]}`)
    return steps.map(String)
  } finally {
    database.close()
    rmSync(copy, { recursive: true, force: true })
  }
}

/** A reboot that is said to be done happened, and none happens twice. */
async function onceAtMost({ instance, fleet }: Lane, machine: string): Promise<void> {
  const resets = statesOf(instance).flatMap(({ state }) =>
    Object.values(state.machines).flatMap(({ id, log }) => (id === machine ? (log.match(/\r\nreset\r\n/g) ?? []) : [])),
  ).length
  const outcome = await fleet.outcome('reboot', machine)
  if (resets > 1 || (outcome === 'done' && resets === 0))
    throw new Error(`${machine} was reset ${resets} times, and its reboot is ${outcome}`)
}

function statesOf({ data }: Instance): { file: string; state: SimulatedState }[] {
  const folder = join(data, 'agent')
  return readdirSync(folder)
    .filter(file => /^simulated-.*\.json$/.test(file))
    .map(file => ({
      file: join(folder, file),
      state: SimulatedState.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
    }))
}

/** Every simulated host has lost its images, so that the next machine needs them anew. */
function forgetImages(instance: Instance): void {
  for (const { file, state } of statesOf(instance)) {
    for (const store of Object.values(state.stores)) store.images = {}
    writeFileSync(file, JSON.stringify(state))
  }
}
