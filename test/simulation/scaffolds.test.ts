import type { Principal } from '@sirocco/control/domain/access/principal.ts'
import { type Machine, stateOfMachine } from '@sirocco/control/domain/machines/machine.ts'
import type { Operation } from '@sirocco/control/domain/operations/operation.ts'
import { shardOf } from '@sirocco/control/domain/operations/shard.ts'
import { stateOfSnapshot } from '@sirocco/control/domain/volumes/snapshot.ts'
import { stateOfVolume } from '@sirocco/control/domain/volumes/volume.ts'
import { done, runDue, type Step, type Workflow, type Workflows } from '@sirocco/control/operations/engine.ts'
import { allWorkflows, workflows } from '@sirocco/control/operations/index.ts'
import type { Connector } from '@sirocco/control/ports/connector.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { noticed, observe } from '@sirocco/control/services/agents/observe.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import { fenceHost } from '@sirocco/control/services/hosts/fence.ts'
import { deleteMachines } from '@sirocco/control/services/machines/delete.ts'
import { pauseMachines } from '@sirocco/control/services/machines/pause.ts'
import { rebootMachines } from '@sirocco/control/services/machines/reboot.ts'
import { recoverMachines } from '@sirocco/control/services/machines/recover.ts'
import { rescueMachine } from '@sirocco/control/services/machines/rescue.ts'
import { resumeMachines } from '@sirocco/control/services/machines/resume.ts'
import { startMachines } from '@sirocco/control/services/machines/start.ts'
import { stopMachines } from '@sirocco/control/services/machines/stop.ts'
import { suspendMachines } from '@sirocco/control/services/machines/suspend.ts'
import { unrescueMachine } from '@sirocco/control/services/machines/unrescue.ts'
import { cancelOperation } from '@sirocco/control/services/operations/cancel.ts'
import { resolveOperation } from '@sirocco/control/services/operations/resolve.ts'
import { retryOperation } from '@sirocco/control/services/operations/retry.ts'
import { adoptOrphan } from '@sirocco/control/services/orphans/adopt.ts'
import { createSnapshot } from '@sirocco/control/services/snapshots/create.ts'
import { deleteSnapshots } from '@sirocco/control/services/snapshots/delete.ts'
import { attachVolume } from '@sirocco/control/services/volumes/attach.ts'
import { createVolume } from '@sirocco/control/services/volumes/create.ts'
import { deleteVolumes } from '@sirocco/control/services/volumes/delete.ts'
import { detachVolumes } from '@sirocco/control/services/volumes/detach.ts'
import { growVolume } from '@sirocco/control/services/volumes/grow.ts'
import { revertVolume } from '@sirocco/control/services/volumes/revert.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { faultCodes, ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { kindPermits, operationRefusal } from '@sirocco/shared/model/operations/permits.ts'
import { type OperationKind, operationKinds } from '@sirocco/shared/model/operations/states.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clearSecrets, type Furnished, furnish, launched, must, secondAgent } from '../contract/store/furnish.ts'
import { memoryBlobs } from '../support/blobs.ts'
import { migratedDatabase } from '../support/migrated.ts'
import { kept, shown } from '../support/world.ts'
import type { MemoryDatabase } from './world/client.ts'

/** Everything that every operation must stand, made from the list of workflows: a new one is in it by being there. */

/** Operations about hosts, and about what is found on them, have tests of their own, moves in moves.test.ts, and those about images and backups scaffolds of theirs. */
type Kind = Exclude<OperationKind, `${'host' | 'orphan' | 'image' | 'backup' | 'migration'}.${string}`>
const isOfProject = (kind: OperationKind): kind is Kind => !/^(host|orphan|image|backup|migration)\./.test(kind)
const kinds = operationKinds.filter(isOfProject)

const terminal = ['done', 'failed', 'cancelled', 'superseded']
const transitional = ['creating', 'starting', 'stopping', 'deleting', 'attaching', 'detaching']

let database: MemoryDatabase
let at: Furnished
/** Of observations, whoever makes them. */
let seq = 0
beforeEach(async () => {
  database = migratedDatabase()
  at = await furnish(database)
})
afterEach(() => database.close())

/** A cloud that does at once what it is told, and says so when it is looked at. */
class Cloud implements Connector {
  resets = 0
  readonly #commands = new Set<string>()
  async capabilities() {
    const supported = { supported: true }
    return { reboot: supported, pause: supported, suspend: supported, console: supported, consoleLog: supported }
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
    const hosts = must(await at.store.hosts.list({ after: null, limit: 100 })).items.filter(host => host.silentSince === null)
    const epochs = new Map(hosts.map(({ id, epoch }) => [id, epoch]))
    for (const machine of await machines()) {
      if (machine.goneAt !== null || machine.host === null) continue
      const epoch = epochs.get(machine.host)
      if (epoch === undefined) continue
      const off = machine.ranAt === null && (machine.power === 'off' || machine.power === 'cut')
      const power = off ? 'absent' : shown[machine.power]
      const seen = { applied: machine.generation, power, addresses: [] as string[] } as const
      const changes = noticed(ports(), machine, seen, { host: machine.host, epoch, seq: ++seq })
      if (changes.length > 0) must(await at.store.commit(changes))
    }
    for (const [host, epoch] of epochs) {
      const wanted = must(await at.store.hosts.desired(host)).objects.flatMap(object =>
        object.kind === 'volume' || object.kind === 'snapshot' ? [kept(object)] : [],
      )
      const frame = { epoch, seq: ++seq, base: 'x', changed: wanted, gone: [] }
      if (wanted.length > 0) must(await observe(ports(), host, frame))
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
  blobs: memoryBlobs(),
  clock: at.clock,
  random: at.random,
  ids: at.ids,
})

interface Drive {
  readonly cloud: Cloud
  readonly workflows?: Workflows
  readonly store?: Store
}
const world = ({ cloud, store = at.store }: Drive) => ({ ...ports(store), clouds: { of: () => cloud } })
/** Wakes the object of this subject, and those of all else that is due. */
async function wake(how: Drive, subject: string) {
  const shards = new Set([subject, ...(await operations()).filter(o => o.wakeAt !== null).map(o => o.subject)].map(shardOf))
  let last: Awaited<ReturnType<typeof runDue>> = ok(null)
  for (const shard of shards) {
    last = await runDue(world(how), how.workflows ?? workflows, shard)
    if (!last.ok) return last
  }
  return last
}

/** Lets time pass until no operation is live. */
async function drive(how: Drive, subject: string): Promise<void> {
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

/** Its host is fenced, and another has room: it has just been asked to run there. */
async function recovering(subject: Id<'machine'>) {
  const [host] = at.hosts
  assert(host, 'a host')
  must(await at.store.commit([...secondAgent(at), { do: 'agent.silent', agent: at.agent, epoch: 1, since: at.clock.now() }]))
  const call = { ports: ports(), principal: { ...principal(), role: 'admin' } } as const
  must(await recoverMachines.call(call, { machines: [subject], recover: 'fresh' }))
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  // Its turn of steps ends with the fence; what that starts is of another shard, or of the next turn.
  must(await runDue({ ...ports(), clouds: { of: () => new Cloud() } }, workflows, shardOf(host)))
  const recover = (await operations()).find(operation => operation.kind === 'machine.recover')
  assert(recover, 'it is asked for')
  return { subject, operations: [recover.id] }
}

/** Every row of it is lost, as by a backup from before it was; its host tells of it, and an admin has just adopted it. */
async function adopting(subject: Id<'machine'>) {
  const [machine] = must(await at.store.machines.find('platform', [subject]))
  const host = machine?.host
  assert(host, 'on a host')
  for (const statement of [
    'DELETE FROM allocation',
    'DELETE FROM port',
    'DELETE FROM attachment',
    'DELETE FROM volume_observed',
    'DELETE FROM volume',
    'DELETE FROM machine_observed',
    'DELETE FROM machine',
    'DELETE FROM operation',
  ])
    await database.execute(statement)
  const { name, generation, vcpus, memoryMiB, image } = machine
  const volumes = machine.volumes.map(({ id, device, sizeMiB }) => ({ id, device, sizeMiB, generation: 1 }))
  const found = {
    name,
    generation,
    vcpus,
    memoryMiB,
    image,
    firmware: 'bios' as const,
    ports: [{ mac: '02:00:00:00:00:01' }],
    volumes,
  }
  const seen = { kind: 'machine' as const, id: subject, applied: -1, power: 'running' as const, addresses: [], found }
  must(await observe(ports(), host, { epoch: 1, seq: ++seq, base: null, changed: [seen], gone: [] }))
  const [orphan] = must(await at.store.orphans.onHost(host))
  assert(orphan, 'it is told of')
  const call = { ports: ports(), principal: { ...principal(), role: 'admin' } } as const
  const { operation } = must(await adoptOrphan.call(call, { host, orphan: orphan.id, project: at.project }))
  return { subject, operations: [operation] }
}

/** A machine with one operation of this kind just accepted, on it or on a volume or snapshot of it. */
async function accepted(kind: Kind): Promise<{ subject: string; machine: Id<'machine'>; operation: Id<'operation'> }> {
  const { machine, volume, operation } = await launched(at, 10)
  if (kind === 'machine.create') return { subject: machine, machine, operation }
  const calm = { cloud: new Cloud() }
  await drive(calm, machine)
  const call = { ports: ports(), principal: principal() }
  const attached = async () => {
    const { volume: data } = must(await createVolume.call(call, { sizeMiB: 100 }))
    const { operations: made } = must(await attachVolume.call(call, { volume: data, machine }))
    return { subject: data, operations: made }
  }
  const settled = async () => {
    const { subject } = await attached()
    await drive(calm, machine)
    return subject
  }
  const snapshot = async () => {
    const { snapshot: subject, operations: made } = must(await createSnapshot.call(call, { volume }))
    return { subject, operations: made }
  }
  const on = async (verb: typeof stopMachines | typeof startMachines) => ({
    subject: machine as string,
    operations: must(await verb.call(call, { machines: [machine] })).operations,
  })
  /** The last that is done begins the operation. */
  const begin: Record<Exclude<Kind, 'machine.create'>, () => Promise<{ subject: string; operations: readonly string[] }>> = {
    'machine.start': async () => {
      must(await stopMachines.call(call, { machines: [machine] }))
      await drive(calm, machine)
      at.clock.at += 1
      return on(startMachines)
    },
    'machine.stop': () => on(stopMachines),
    'machine.reboot': () => on(rebootMachines),
    'machine.pause': () => on(pauseMachines),
    'machine.suspend': () => on(suspendMachines),
    'machine.resume': async () => {
      must(await suspendMachines.call(call, { machines: [machine] }))
      await drive(calm, machine)
      at.clock.at += 1
      return on(resumeMachines)
    },
    'machine.rescue': async () => ({
      subject: machine as string,
      operations: must(await rescueMachine.call(call, { machine })).operations,
    }),
    'machine.unrescue': async () => {
      must(await rescueMachine.call(call, { machine }))
      await drive(calm, machine)
      at.clock.at += 1
      return { subject: machine as string, operations: must(await unrescueMachine.call(call, { machine })).operations }
    },
    'machine.delete': () => on(deleteMachines),
    'machine.recover': () => recovering(machine),
    'machine.adopt': () => adopting(machine),
    'volume.create': async () => {
      const { volume: subject, operations: made } = must(await createVolume.call(call, { volume }))
      return { subject, operations: made.slice(-1) }
    },
    'volume.attach': attached,
    'volume.detach': async () => {
      const subject = await settled()
      at.clock.at += 1
      return { subject, operations: must(await detachVolumes.call(call, { volumes: [subject] })).operations }
    },
    'volume.grow': async () => ({
      subject: volume,
      operations: must(await growVolume.call(call, { volume, sizeMiB: 2048 })).operations,
    }),
    'volume.revert': async () => {
      const { subject: kept } = await snapshot()
      await drive(calm, machine)
      must(await stopMachines.call(call, { machines: [machine] }))
      await drive(calm, machine)
      at.clock.at += 1
      return { subject: volume, operations: must(await revertVolume.call(call, { volume, snapshot: kept })).operations }
    },
    'volume.delete': async () => {
      const subject = await settled()
      must(await detachVolumes.call(call, { volumes: [subject] }))
      await drive(calm, machine)
      at.clock.at += 1
      return { subject, operations: must(await deleteVolumes.call(call, { volumes: [subject] })).operations }
    },
    'snapshot.create': snapshot,
    'snapshot.delete': async () => {
      const { subject } = await snapshot()
      await drive(calm, machine)
      at.clock.at += 1
      return { subject, operations: must(await deleteSnapshots.call(call, { snapshots: [subject] })).operations }
    },
  }
  at.clock.at += 1
  const { subject, operations: made } = await begin[kind]()
  const [first] = made
  assert(first, 'an operation')
  return { subject, machine, operation: first as Id<'operation'> }
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
  const held = database.look('SELECT consumer FROM allocation WHERE until IS NULL').map(row => String(row.consumer))
  const plugged = database.look('SELECT count(*) AS n FROM port')[0]?.n
  return { operation: found.state, machine: stateOfMachine(machine), held, plugged }
}

/** What holds however it ended: nothing is on its way, and whatever is not gone has its claim, nothing else has. */
async function nothingLeft(operation: Id<'operation'>, subject: Id<'machine'>): Promise<void> {
  const { operation: state, machine, held, plugged } = await standing(operation, subject)
  expect(terminal).toContain(state)
  const all = { after: null, limit: 100 }
  const volumes = must(await at.store.volumes.list('platform', all)).items.filter(v => v.goneAt === null)
  const snapshots = database.look('SELECT id FROM snapshot WHERE goneAt IS NULL').map(row => String(row.id))
  const kept = must(await at.store.snapshots.find('platform', snapshots))
  for (const one of [machine, ...volumes.map(stateOfVolume), ...kept.map(stateOfSnapshot)])
    expect(transitional, `nobody pursues it, and it is ${one}`).not.toContain(one)
  const [row] = (await machines()).filter(m => m.id === subject)
  const over = machine === 'gone' || (machine === 'failed' && row?.ranAt === null)
  expect(plugged).toBe(over ? 0 : 1)
  if (over) expect(row?.volumes).toEqual([])
  const lying = volumes.filter(v => v.observed !== null).map(v => v.id)
  expect(new Set(held)).toEqual(new Set([...(over ? [] : [subject]), ...lying, ...snapshots]))
}

const steps = allWorkflows.flatMap(({ kind, steps: own }) =>
  (isOfProject(kind) ? own : []).map((step, index) => [kind as Kind, step.name, index] as const),
)

describe.each(kinds.map(kind => [kind] as const))('%s', kind => {
  test('ends well where nothing goes wrong', async () => {
    const { subject, machine, operation } = await accepted(kind)
    await drive({ cloud: new Cloud() }, subject)
    expect(await standing(operation, machine)).toMatchObject({ operation: 'done' })
    await nothingLeft(operation, machine)
  })

  test('ends the same when every step runs twice', async () => {
    const { subject, machine, operation } = await accepted(kind)
    const cloud = new Cloud()
    const twice = changed(kind, step => ({
      ...step,
      run: async context => {
        await step.run(context)
        return step.run(context)
      },
    }))
    await drive({ cloud, workflows: twice }, subject)
    expect(await standing(operation, machine)).toMatchObject({ operation: 'done' })
    expect(cloud.resets).toBe(kind === 'machine.reboot' ? 1 : 0)
    await nothingLeft(operation, machine)
  })

  test('lands each step once when two runners run it at once', async () => {
    const { subject, machine, operation } = await accepted(kind)
    const cloud = new Cloud()
    for (let turn = 0; turn < 20; turn++) {
      await Promise.all([wake({ cloud }, subject), wake({ cloud }, subject)])
      await cloud.settle()
      at.clock.at += limits.parkSweep
    }
    expect(await standing(operation, machine)).toMatchObject({ operation: 'done' })
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
        database = migratedDatabase()
        at = await furnish(database)
        const { subject, machine, operation } = await accepted(kind)
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
        expect(await standing(operation, machine), `${when} write ${n}`).toMatchObject({ operation: 'done' })
        expect(cloud.resets).toBe(kind === 'machine.reboot' ? 1 : 0)
        await nothingLeft(operation, machine)
      }
      if (!crashed) {
        expect(n).toBeGreaterThan(1)
        return
      }
    }
  })

  /** From the moment it was accepted, after each wake that it takes. */
  async function atEveryStep(then: (made: Awaited<ReturnType<typeof accepted>>, cloud: Cloud) => Promise<void>): Promise<void> {
    const most = allWorkflows.find(w => w.kind === kind)?.steps.length ?? 0
    for (let turns = 0; turns <= most; turns++) {
      database.close()
      database = migratedDatabase()
      at = await furnish(database)
      const made = await accepted(kind)
      const cloud = new Cloud()
      for (let turn = 0; turn < turns; turn++) {
        must(await wake({ cloud }, made.subject))
        if (turn > 0) await cloud.settle()
      }
      await then(made, cloud)
    }
  }

  test('retried wherever it stands, it ends the same, done once', () =>
    atEveryStep(async ({ subject, machine, operation }, cloud) => {
      const { state } = must(await at.store.operations.find(operation))
      const call = { ports: ports(), principal: principal() }
      const retried = await retryOperation.call(call, { operation })
      expect(retried.ok).toBe(operationRefusal('retry', { kind, state }) === null)
      if (retried.ok) expect(retried.value.operations).toEqual([operation])
      await drive({ cloud }, subject)
      expect(await standing(operation, machine)).toMatchObject({ operation: 'done' })
      expect(cloud.resets).toBe(kind === 'machine.reboot' ? 1 : 0)
      await nothingLeft(operation, machine)
    }))

  test('cancelled wherever it stands: refused as the table says, else given up with nothing left', () =>
    atEveryStep(async ({ subject, machine, operation }, cloud) => {
      const { state } = must(await at.store.operations.find(operation))
      const call = { ports: ports(), principal: principal() }
      const cancelled = await cancelOperation.call(call, { operation })
      expect(cancelled.ok).toBe(operationRefusal('cancel', { kind, state }) === null)
      await drive({ cloud }, subject)
      const stands = await standing(operation, machine)
      if (!cancelled.ok) expect(stands.operation).toBe('done')
      else if (kindPermits[kind].cancel === 'delete') expect(stands).toMatchObject({ operation: 'superseded', machine: 'gone' })
      else expect(stands.operation).toBe('cancelled')
      await nothingLeft(operation, machine)
    }))

  test('is superseded by a delete wherever it stands, and the delete cleans up', async () => {
    const most = allWorkflows.find(w => w.kind === kind)?.steps.length ?? 0
    for (let turns = 0; turns <= most; turns++) {
      database.close()
      database = migratedDatabase()
      at = await furnish(database)
      const { subject, machine, operation } = await accepted(kind)
      const cloud = new Cloud()
      for (let turn = 0; turn < turns; turn++) must(await wake({ cloud }, subject))
      must(await deleteMachines.call({ ports: ports(), principal: principal() }, { machines: [machine] }))
      await drive({ cloud }, subject)
      expect(await standing(operation, machine)).toMatchObject({ machine: 'gone' })
      await nothingLeft(operation, machine)
    }
  })
})

describe.each(steps)('%s, step %s', (kind, _, at_) => {
  test.each(faultCodes.map(code => [code] as const))('refused once with %s: goes on, or ends with nothing left', async code => {
    const { subject, machine, operation } = await accepted(kind)
    let refusals = 0
    const once = changed(kind, (step, index) =>
      index === at_ ? { ...step, run: async context => (refusals++ === 0 ? refuse(code, 'planted') : step.run(context)) } : step,
    )
    await drive({ cloud: new Cloud(), workflows: once }, subject)
    expect(refusals).toBeGreaterThan(0)
    if (['unavailable', 'throttled', 'stale'].includes(code))
      expect(await standing(operation, machine)).toMatchObject({ operation: 'done' })
    await nothingLeft(operation, machine)
  })

  test('refused for ever: is given up within a bound, with nothing left', async () => {
    const { subject, machine, operation } = await accepted(kind)
    const never = changed(kind, (step, index) =>
      index === at_ ? { ...step, run: async () => refuse('unavailable', 'planted') } : step,
    )
    // A delete may not give up; it is let go on when the others have.
    await drive({ cloud: new Cloud(), workflows: never }, subject).catch(() => drive({ cloud: new Cloud() }, subject))
    await nothingLeft(operation, machine)
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
      database = migratedDatabase()
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

  describe('stuck', () => {
    const admin = () => ({ ports: ports(), principal: { ...principal(), role: 'admin' as const } })
    /** An operation that got stuck undoing `a`, which is refused a thousand times, or where its only step threw. */
    const stuck = async (flows: Workflows) => {
      const made = await begin()
      for (let turn = 0; turn < 30; turn++) {
        must(await wake({ cloud: new Cloud(), workflows: flows }, made.subject))
        at.clock.at += limits.stepBackoffMax
      }
      expect(must(await at.store.operations.stuck({ after: null, limit: 10 })).items).toMatchObject([{ id: made.operation }])
      trail.length = 0
      return made
    }

    test('is resolved by an admin alone, and neither retried nor cancelled', async () => {
      const { operation } = await stuck(of(undoable('a', { undo: 1_000 }), undoable('b', { run: true })))
      const owner = { ports: ports(), principal: principal() }
      expect(await resolveOperation.call(owner, { operation, how: 'fail' })).toMatchObject({ fault: { code: 'forbidden' } })
      expect(await retryOperation.call(owner, { operation })).toMatchObject({ fault: { code: 'precondition' } })
      expect(await cancelOperation.call(owner, { operation })).toMatchObject({ fault: { code: 'precondition' } })
    })

    test('in undoing, and told to go on, undoes the rest', async () => {
      const { subject, operation } = await stuck(of(undoable('a'), undoable('b', { run: true, undo: 1_000 })))
      must(await resolveOperation.call(admin(), { operation, how: 'retry' }))
      await drive({ cloud: new Cloud(), workflows: of(undoable('a'), undoable('b', { run: true })) }, subject)
      expect(trail).toEqual(['undo b', 'undo a'])
      expect(must(await at.store.operations.find(operation))).toMatchObject({ state: 'failed', fault: { code: 'invalid' } })
    })

    test('in undoing, and told to end, leaves the rest to the admin', async () => {
      const flows = of(undoable('a'), undoable('b', { run: true, undo: 1_000 }))
      const { subject, operation } = await stuck(flows)
      must(await resolveOperation.call(admin(), { operation, how: 'fail' }))
      await drive({ cloud: new Cloud(), workflows: flows }, subject)
      expect(trail).toEqual([])
      expect(must(await at.store.operations.find(operation))).toMatchObject({ state: 'failed', fault: { code: 'invalid' } })
    })

    test('in a step that throws, and told to end, undoes what was done before', async () => {
      const throws: Step = {
        name: 'b',
        async run() {
          throw new Error('planted')
        },
      }
      const flows = of(undoable('a'), throws)
      const { subject, operation } = await stuck(flows)
      must(await resolveOperation.call(admin(), { operation, how: 'fail' }))
      await drive({ cloud: new Cloud(), workflows: flows }, subject)
      expect(trail).toEqual(['undo a'])
      expect(must(await at.store.operations.find(operation)).state).toBe('failed')
    })

    test('in a step that threw, and told to go on, goes on', async () => {
      let broken = true
      const flows = of(undoable('a'), {
        name: 'b',
        async run() {
          if (broken) throw new Error('planted')
          return done()
        },
      })
      const { subject, operation } = await stuck(flows)
      broken = false
      must(await resolveOperation.call(admin(), { operation, how: 'retry' }))
      await drive({ cloud: new Cloud(), workflows: flows }, subject)
      expect(trail).toEqual([])
      expect(must(await at.store.operations.find(operation)).state).toBe('done')
    })
  })

  test('is done by an operation that is cancelled, however often it parks or is refused on the way', async () => {
    const { subject, machine, operation } = await begin()
    const waits: Step = { name: 'waits', run: async () => ok({ kind: 'park', waiting: 'planted' }) }
    const flows = of(undoable('a', { undo: 2 }), waits)
    must(await wake({ cloud: new Cloud(), workflows: flows }, subject))
    const { version } = must(await at.store.operations.find(operation))
    // Only kinds that permit it are cancelled by people; the engine honours it of any.
    must(
      await at.store.commit([
        {
          do: 'operation.ask',
          operation,
          subject: machine,
          version,
          to: { state: 'parked', asked: 'cancel' },
          log: { step: '', outcome: 'asked' },
        },
      ]),
    )
    await drive({ cloud: new Cloud(), workflows: flows }, subject)
    expect(trail).toEqual(['run a', 'undo a', 'undo a', 'undo a'])
    expect(must(await at.store.operations.find(operation))).toMatchObject({ state: 'cancelled', asked: null })
  })

  test('is not done by an operation that was superseded', async () => {
    const { subject, machine } = await begin()
    const flows = of(undoable('a'), { name: 'waits', run: async () => ok({ kind: 'park', waiting: 'planted' }) })
    must(await wake({ cloud: new Cloud(), workflows: flows }, subject))
    must(await deleteMachines.call({ ports: ports(), principal: principal() }, { machines: [machine] }))
    await drive({ cloud: new Cloud(), workflows: flows }, subject)
    expect(trail).toEqual(['run a'])
  })
})
