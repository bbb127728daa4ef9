import type { Principal } from '@sirocco/control/domain/access/principal.ts'
import { type Machine, stateOfMachine } from '@sirocco/control/domain/machines/machine.ts'
import { type Operation, type OperationKind, operationKinds } from '@sirocco/control/domain/operations/operation.ts'
import { shardOf } from '@sirocco/control/domain/operations/shard.ts'
import { done, runDue, type Step, type Workflow, type Workflows } from '@sirocco/control/operations/engine.ts'
import { allWorkflows, workflows } from '@sirocco/control/operations/index.ts'
import type { Connector } from '@sirocco/control/ports/connector.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { noticed } from '@sirocco/control/services/agents/observe.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import { deleteMachines } from '@sirocco/control/services/machines/delete.ts'
import { rebootMachines } from '@sirocco/control/services/machines/reboot.ts'
import { startMachines } from '@sirocco/control/services/machines/start.ts'
import { stopMachines } from '@sirocco/control/services/machines/stop.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { faultCodes, ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clearSecrets, type Furnished, furnish, launched, must } from '../contract/store/furnish.ts'
import { type MemoryDatabase, memoryDatabase } from './world/client.ts'

/** Everything that every operation must stand, made from the list of workflows: a new one is in it by being there. */

/** Those whose subject is a machine; moves have their own, in moves.test.ts. */
type MachineKind = Extract<OperationKind, `machine.${string}`>
const isMachineKind = (kind: OperationKind): kind is MachineKind => kind.startsWith('machine.')
const machineKinds = operationKinds.filter(isMachineKind)

const terminal = ['done', 'failed', 'superseded']
const transitional = ['creating', 'starting', 'stopping', 'deleting']

let database: MemoryDatabase
let at: Furnished
/** Of observations, whoever makes them. */
let seq = 0
beforeEach(async () => {
  database = memoryDatabase()
  at = await furnish(database)
})
afterEach(() => database.close())

/** A cloud that does at once what it is told, and says so when it is looked at. */
class Cloud implements Connector {
  resets = 0
  readonly #commands = new Set<string>()
  async capabilities() {
    return { reboot: { supported: true }, console: { supported: true }, consoleLog: { supported: true } }
  }
  async ensure() {
    return ok('accepted' as const)
  }
  async act({ id, host }: Parameters<Connector['act']>[0]) {
    assert(host, 'on a host')
    if (this.#commands.has(id)) return ok('accepted' as const)
    this.#commands.add(id)
    this.resets++
    await at.store.commit([{ do: 'command.insert', id, host, body: { do: 'reboot', machine: '' } }])
    await at.store.commit([{ do: 'command.result', id, outcome: { ok: true, value: '' } }])
    return ok('accepted' as const)
  }
  async observe() {
    return ok({ facts: [], cursor: '', complete: true })
  }
  /** Everything wanted is so, and observed. */
  async settle(): Promise<void> {
    for (const machine of await machines()) {
      if (machine.goneAt !== null || machine.host === null) continue
      const power =
        machine.power === 'on' ? 'running' : machine.power === 'gone' ? 'absent' : machine.ranAt === null ? 'absent' : 'stopped'
      const seen = { applied: machine.generation, power, addresses: [] as string[] } as const
      const changes = noticed(ports(), machine, seen, { host: machine.host, epoch: 1, seq: ++seq })
      if (changes.length > 0) must(await at.store.commit(changes))
    }
  }
}

const machines = async (): Promise<readonly Machine[]> =>
  must(await at.store.machines.list('platform', { after: null, limit: 100 })).items
const operations = async (): Promise<readonly Operation[]> =>
  must(await at.store.operations.list('platform', null, { after: null, limit: 100 })).items

const ports = (store: Store = at.store): Ports => ({
  store,
  secrets: clearSecrets,
  pokes: { operations() {}, hosts() {}, events() {} },
  links: { send: async () => ok(undefined), ask: async () => refuse('unsupported', 'nobody asks') },
  streams: { open: async () => ok(undefined) },
  clock: at.clock,
  random: at.random,
  ids: at.ids,
})

interface Drive {
  readonly cloud: Cloud
  readonly workflows?: Workflows
  readonly store?: Store
}
const wake = ({ cloud, workflows: known = workflows, store = at.store }: Drive, subject: Id<'machine'>) =>
  runDue({ ...ports(store), clouds: { of: () => cloud } }, known, shardOf(subject))

/** Lets time pass until no operation is live. */
async function drive(how: Drive, subject: Id<'machine'>): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    must(await wake(how, subject))
    await how.cloud.settle()
    const live = (await operations()).filter(o => o.wakeAt !== null)
    if (live.length === 0) return
    at.clock.at = Math.max(at.clock.at, Math.min(...live.map(o => o.wakeAt ?? 0)))
  }
  throw new Error(`still live: ${JSON.stringify(await operations())}`)
}

const principal = (): Principal => ({
  user: at.user,
  email: 'a@b',
  project: at.project,
  projectName: 'demo',
  account: '000000000000',
  role: 'owner',
  via: { kind: 'key', accessKeyId: 'k' },
})

/** A machine with one operation of this kind just accepted. */
async function accepted(kind: MachineKind): Promise<{ subject: Id<'machine'>; operation: Id<'operation'> }> {
  const { machine: subject, operation } = await launched(at, 10)
  if (kind === 'machine.create') return { subject, operation }
  const calm = { cloud: new Cloud() }
  await drive(calm, subject)
  const call = { ports: ports(), principal: principal() }
  if (kind === 'machine.start') {
    must(await stopMachines.call(call, { machines: [subject] }))
    await drive(calm, subject)
  }
  const verbs = {
    'machine.start': startMachines,
    'machine.stop': stopMachines,
    'machine.reboot': rebootMachines,
    'machine.delete': deleteMachines,
  } as const
  at.clock.at += 1
  const { operations: made } = must(await verbs[kind].call(call, { machines: [subject] }))
  const [first] = made
  assert(first, 'an operation')
  return { subject, operation: first }
}

/** One workflow with its steps changed; the others as they are. */
const changed =
  (kind: OperationKind, change: (step: Step, index: number) => Step): Workflows =>
  (asked, version) => {
    const workflow = workflows(asked, version)
    return workflow && asked === kind ? { ...workflow, steps: workflow.steps.map(change) } : workflow
  }

/** How it stands in the end: the operation's state, the machine's, and what is held. */
async function standing(operation: Id<'operation'>, subject: Id<'machine'>) {
  const found = must(await at.store.operations.find(operation))
  const [machine] = (await machines()).filter(m => m.id === subject)
  assert(machine, 'a machine')
  const held = database.look('SELECT count(*) AS n FROM allocation WHERE until IS NULL')[0]?.n
  const plugged = database.look('SELECT count(*) AS n FROM port')[0]?.n
  return { operation: found.state, machine: stateOfMachine(machine), held, plugged }
}

/** What holds however it ended. */
async function nothingLeft(operation: Id<'operation'>, subject: Id<'machine'>): Promise<void> {
  const { operation: state, machine, held, plugged } = await standing(operation, subject)
  expect(terminal).toContain(state)
  expect(transitional, `nobody pursues it, and it is ${machine}`).not.toContain(machine)
  const [row] = (await machines()).filter(m => m.id === subject)
  if (machine === 'gone' || (machine === 'failed' && row?.ranAt === null)) expect([held, plugged]).toEqual([0, 0])
  else expect([held, plugged]).toEqual([1, 1])
}

const steps = allWorkflows.flatMap(({ kind, steps: own }) =>
  isMachineKind(kind) ? own.map((step, index) => [kind, step.name, index] as const) : [],
)

describe.each(machineKinds.map(kind => [kind] as const))('%s', kind => {
  test('ends well where nothing goes wrong', async () => {
    const { subject, operation } = await accepted(kind)
    await drive({ cloud: new Cloud() }, subject)
    expect(await standing(operation, subject)).toMatchObject({ operation: 'done' })
    await nothingLeft(operation, subject)
  })

  test('ends the same when every step runs twice', async () => {
    const { subject, operation } = await accepted(kind)
    const cloud = new Cloud()
    const twice = changed(kind, step => ({
      ...step,
      run: async context => {
        await step.run(context)
        return step.run(context)
      },
    }))
    await drive({ cloud, workflows: twice }, subject)
    expect(await standing(operation, subject)).toMatchObject({ operation: 'done' })
    expect(cloud.resets).toBe(kind === 'machine.reboot' ? 1 : 0)
    await nothingLeft(operation, subject)
  })

  test('lands each step once when two runners run it at once', async () => {
    const { subject, operation } = await accepted(kind)
    const cloud = new Cloud()
    for (let turn = 0; turn < 20; turn++) {
      await Promise.all([wake({ cloud }, subject), wake({ cloud }, subject)])
      await cloud.settle()
      at.clock.at += limits.parkSweep
    }
    expect(await standing(operation, subject)).toMatchObject({ operation: 'done' })
    const log = database.look('SELECT step, outcome FROM operation_log WHERE operation = ?', operation)
    const landed = log.filter(l => l.outcome === 'done').map(l => l.step)
    expect(new Set(landed).size).toBe(landed.length)
    expect(cloud.resets).toBe(kind === 'machine.reboot' ? 1 : 0)
  })

  test('goes on after a crash before, and after, each write of its log', async () => {
    for (let n = 1; ; n++) {
      let crashed = false
      for (const when of ['before', 'after'] as const) {
        database.close()
        database = memoryDatabase()
        at = await furnish(database)
        const { subject, operation } = await accepted(kind)
        const cloud = new Cloud()
        let writes = 0
        let dead: () => void = () => {}
        const death = new Promise<void>(resolve => {
          dead = resolve
        })
        // A process that died neither returns nor throws.
        const dying: Store = {
          ...at.store,
          commit: async changes => {
            const moves = changes.some(c => c.do === 'operation.move')
            if (moves && ++writes === n) {
              if (when === 'after') await at.store.commit(changes)
              crashed = true
              dead()
              return new Promise(() => {})
            }
            return at.store.commit(changes)
          },
        }
        for (let turn = 0; turn < 10 && !crashed; turn++) {
          await Promise.race([wake({ cloud, store: dying }, subject), death])
          await cloud.settle()
          at.clock.at += limits.parkSweep
        }
        await drive({ cloud }, subject)
        expect(await standing(operation, subject), `${when} write ${n}`).toMatchObject({ operation: 'done' })
        expect(cloud.resets).toBe(kind === 'machine.reboot' ? 1 : 0)
        await nothingLeft(operation, subject)
      }
      if (!crashed) {
        expect(n).toBeGreaterThan(1)
        return
      }
    }
  })

  test('is superseded by a delete wherever it stands, and the delete cleans up', async () => {
    const most = allWorkflows.find(w => w.kind === kind)?.steps.length ?? 0
    for (let turns = 0; turns <= most; turns++) {
      database.close()
      database = memoryDatabase()
      at = await furnish(database)
      const { subject, operation } = await accepted(kind)
      const cloud = new Cloud()
      for (let turn = 0; turn < turns; turn++) must(await wake({ cloud }, subject))
      must(await deleteMachines.call({ ports: ports(), principal: principal() }, { machines: [subject] }))
      await drive({ cloud }, subject)
      expect(await standing(operation, subject)).toMatchObject({ machine: 'gone' })
      await nothingLeft(operation, subject)
    }
  })
})

describe.each(steps)('%s, step %s', (kind, _, at_) => {
  test.each(faultCodes.map(code => [code] as const))('refused once with %s: goes on, or ends with nothing left', async code => {
    const { subject, operation } = await accepted(kind)
    let refusals = 0
    const once = changed(kind, (step, index) =>
      index === at_ ? { ...step, run: async context => (refusals++ === 0 ? refuse(code, 'planted') : step.run(context)) } : step,
    )
    await drive({ cloud: new Cloud(), workflows: once }, subject)
    expect(refusals).toBeGreaterThan(0)
    if (['unavailable', 'throttled', 'stale'].includes(code))
      expect(await standing(operation, subject)).toMatchObject({ operation: 'done' })
    await nothingLeft(operation, subject)
  })

  test('refused for ever: is given up within a bound, with nothing left', async () => {
    const { subject, operation } = await accepted(kind)
    const never = changed(kind, (step, index) =>
      index === at_ ? { ...step, run: async () => refuse('unavailable', 'planted') } : step,
    )
    // A delete may not give up; it is let go on when the others have.
    await drive({ cloud: new Cloud(), workflows: never }, subject).catch(() => drive({ cloud: new Cloud() }, subject))
    await nothingLeft(operation, subject)
  })
})

describe('undoing', () => {
  const trail: string[] = []
  const undoable = (name: string, faults: { run?: boolean; undo?: number } = {}): Step => {
    let failures = faults.undo ?? 0
    return {
      name,
      run: async () => {
        trail.push(`run ${name}`)
        return faults.run ? refuse('invalid', 'planted') : done()
      },
      undo: async () => {
        trail.push(`undo ${name}`)
        return failures-- > 0 ? refuse('unavailable', 'planted') : done()
      },
    }
  }
  const of = (...own: Step[]): Workflows => {
    const workflow: Workflow = { kind: 'machine.stop', version: 1, steps: own }
    return (kind, version) => (kind === 'machine.stop' ? workflow : workflows(kind, version))
  }
  const begin = async () => {
    const made = await accepted('machine.stop')
    trail.length = 0
    return made
  }

  test('goes backwards from the step that failed, which may have had its effect, and ends failed', async () => {
    const { subject, operation } = await begin()
    await drive({ cloud: new Cloud(), workflows: of(undoable('a'), undoable('b'), undoable('c', { run: true })) }, subject)
    expect(trail).toEqual(['run a', 'run b', 'run c', 'undo c', 'undo b', 'undo a'])
    expect(must(await at.store.operations.find(operation))).toMatchObject({ state: 'failed', fault: { code: 'invalid' } })
  })

  test('that is refused for a while is tried again', async () => {
    const { subject, operation } = await begin()
    await drive({ cloud: new Cloud(), workflows: of(undoable('a', { undo: 3 }), undoable('b', { run: true })) }, subject)
    expect(trail).toEqual(['run a', 'run b', 'undo b', 'undo a', 'undo a', 'undo a', 'undo a'])
    expect(must(await at.store.operations.find(operation)).state).toBe('failed')
  })

  test('runs twice and lands once, after a crash at each write of the log', async () => {
    for (let n = 1; n <= 5; n++) {
      database.close()
      database = memoryDatabase()
      at = await furnish(database)
      const { subject, operation } = await begin()
      const flows = of(undoable('a'), undoable('b', { run: true }))
      let writes = 0
      let dead: () => void = () => {}
      const death = new Promise<void>(resolve => {
        dead = resolve
      })
      const dying: Store = {
        ...at.store,
        commit: async changes => {
          if (!changes.some(c => c.do === 'operation.move') || ++writes !== n) return at.store.commit(changes)
          dead()
          return new Promise(() => {})
        },
      }
      await Promise.race([wake({ cloud: new Cloud(), workflows: flows, store: dying }, subject), death])
      await drive({ cloud: new Cloud(), workflows: flows }, subject)
      expect(must(await at.store.operations.find(operation)).state).toBe('failed')
      expect(trail.at(-1)).toBe('undo a')
    }
  })

  test('that cannot be done leaves the operation stuck, where an admin sees it', async () => {
    const { subject, operation } = await begin()
    const flows = of(undoable('a', { undo: 1_000 }), undoable('b', { run: true }))
    for (let turn = 0; turn < 30; turn++) {
      must(await wake({ cloud: new Cloud(), workflows: flows }, subject))
      at.clock.at += limits.stepBackoffMax
    }
    expect(must(await at.store.operations.find(operation))).toMatchObject({ state: 'stuck', fault: { code: 'invalid' } })
    const events = must(await at.store.events.since(at.scope, 0, 1_000)).events
    expect(events.at(-1)).toMatchObject({ type: 'operation.ended', data: { state: 'stuck' } })
  })

  test('is not done by an operation that was superseded', async () => {
    const { subject } = await begin()
    const flows = of(undoable('a'), { name: 'waits', run: async () => ok({ kind: 'park', waiting: 'planted' }) })
    must(await wake({ cloud: new Cloud(), workflows: flows }, subject))
    must(await deleteMachines.call({ ports: ports(), principal: principal() }, { machines: [subject] }))
    await drive({ cloud: new Cloud(), workflows: flows }, subject)
    expect(trail).toEqual(['run a'])
  })
})
