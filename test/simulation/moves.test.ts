import type { Principal } from '@sirocco/control/domain/access/principal.ts'
import { stateOfMachine } from '@sirocco/control/domain/machines/machine.ts'
import { shardOf } from '@sirocco/control/domain/operations/shard.ts'
import { type AnyWorkflow, runDue, type Workflows } from '@sirocco/control/operations/engine.ts'
import { workflows } from '@sirocco/control/operations/index.ts'
import type { Change } from '@sirocco/control/ports/changes.ts'
import type { Connector } from '@sirocco/control/ports/connector.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { observe } from '@sirocco/control/services/agents/observe.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import { fenceHost } from '@sirocco/control/services/hosts/fence.ts'
import { maintainHost } from '@sirocco/control/services/hosts/maintain.ts'
import { returnHost } from '@sirocco/control/services/hosts/return.ts'
import { deleteMachines } from '@sirocco/control/services/machines/delete.ts'
import { migrateMachine } from '@sirocco/control/services/machines/migrate.ts'
import { startMachines } from '@sirocco/control/services/machines/start.ts'
import { stopMachines } from '@sirocco/control/services/machines/stop.ts'
import { suspendMachines } from '@sirocco/control/services/machines/suspend.ts'
import { createSnapshot } from '@sirocco/control/services/snapshots/create.ts'
import { growVolume } from '@sirocco/control/services/volumes/grow.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { faultCodes, ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { OperationKind } from '@sirocco/shared/model/operations/states.ts'
import type { Seen, SeenMachine, SeenMove, SeenVolume, WantedMachine, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clearSecrets, type Furnished, furnish, hostFacts, launched, must, secondAgent } from '../contract/store/furnish.ts'
import { memoryBlobs } from '../support/blobs.ts'
import { migratedDatabase } from '../support/migrated.ts'
import type { MemoryDatabase } from './world/client.ts'

/** What operations that move machines must stand: both hosts are played here by the least that agents promise. */

let database: MemoryDatabase
let at: Furnished
let machine: Id<'machine'>
let source: Id<'host'>
let target: Id<'host'>
let hosts: Played
const open = async () => {
  database = migratedDatabase()
  at = await furnish(database)
  const [first, second] = at.hosts
  assert(first && second, 'two hosts')
  ;[source, target] = [first, second]
  hosts = new Played()
  for (const [i, host] of at.hosts.entries()) {
    const facts = { ...hostFacts(host, `h${i + 1}`), underlay: `192.0.2.${i + 1}` }
    must(await at.store.commit([{ do: 'host.observed', host, epoch: 1, seq: 2, digest: 'y', facts }]))
  }
  machine = (await launched(at, 10)).machine
  await drive()
}
beforeEach(open)
afterEach(() => database.close())

/** Two agents, as far as the control plane can tell. */
class Played {
  #seq = 10
  /** Hosts that the machine runs on. */
  readonly runs = new Set<string>()
  /** Moves that brought it to their target while it is off. */
  readonly #brought = new Set<string>()
  /** What the host that the machine leaves says once it may go. */
  departure: 'left' | 'stayed' | 'unknown' = 'left'
  /** Of a departure that is unknown: did it arrive? */
  arrives = true

  async settle(): Promise<void> {
    for (const host of at.hosts) {
      const { objects } = must(await at.store.hosts.desired(host))
      const changed = objects.flatMap((object): Seen[] => {
        if (object.kind === 'machine') return [this.#look(host, object)]
        return object.kind === 'volume' ? [this.#lookAtVolume(object)] : []
      })
      must(await observe(ports(), host, { epoch: 1, seq: ++this.#seq, base: null, changed, gone: [] }))
      expect(this.runs.size).toBeLessThan(2)
    }
  }

  #lookAtVolume({ id, generation, sizeMiB, attached, gone }: WantedVolume): SeenVolume {
    const machine = attached?.machine ?? null
    return { kind: 'volume', id, applied: generation, here: !gone, sizeMiB: gone ? 0 : sizeMiB, machine: gone ? null : machine }
  }

  #look(host: string, { id, generation, power, move }: WantedMachine): SeenMachine {
    const seen: { move?: SeenMove } = {}
    if (power === 'gone' && !move) this.runs.delete(host)
    if (move?.role === 'to') {
      const phase = this.runs.has(host) || this.#brought.has(move.id) ? 'arrived' : move.off ? 'nothing' : 'ready'
      seen.move = { id: move.id, phase, ...(phase === 'ready' ? { endpoint: { address: '192.0.2.9', port: 4_800 } } : {}) }
    } else if (move) {
      const known = this.#left.get(move.id)
      if (!known && move.endpoint && !move.off && (power === 'on') === !move.offline) {
        const goes = this.departure === 'left' || (this.departure === 'unknown' && this.arrives)
        if (goes && move.offline) this.#brought.add(move.id)
        else if (goes) {
          this.runs.delete(host)
          this.runs.add(host === source ? target : source)
        }
        this.#left.set(move.id, this.departure)
      }
      const phase = this.#left.get(move.id)
      if (phase) seen.move = { id: move.id, phase }
    } else if (power === 'on') this.runs.add(host)
    else this.runs.delete(host)
    const running = this.runs.has(host)
    const applied = move ? 0 : generation
    return {
      kind: 'machine',
      id,
      applied,
      power: running ? 'running' : power === 'gone' || move?.role === 'to' ? 'absent' : 'stopped',
      addresses: [],
      ...(running || power === 'on' ? {} : { cause: 'asked' as const }),
      ...seen,
    }
  }
  readonly #left = new Map<string, 'left' | 'stayed' | 'unknown'>()
}

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
const principal = (): Principal => ({
  user: at.user,
  email: 'a@b',
  project: at.project,
  projectName: 'demo',
  account: '000000000000',
  role: 'admin',
  via: { kind: 'key', accessKeyId: 'k' },
})
const call = () => ({ ports: ports(), principal: principal() })

const supported = { supported: true }
const cloud: Connector = {
  capabilities: async () => ({
    reboot: supported,
    pause: supported,
    suspend: supported,
    console: supported,
    consoleLog: supported,
  }),
  ensure: async () => ok('accepted' as const),
  act: async () => ok('accepted' as const),
  observe: async () => ok({ facts: [], cursor: '', complete: true }),
}
async function wake(known: Workflows = workflows, store: Store = at.store): Promise<void> {
  const all = must(await at.store.operations.list('platform', null, { after: null, limit: 100 })).items
  for (const shard of new Set(all.map(({ subject }) => shardOf(subject))))
    must(await runDue({ ...ports(store), clouds: { of: () => cloud } }, known, shard))
}
/** Lets time pass until no operation is live. */
async function drive(known: Workflows = workflows): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    await wake(known)
    await hosts.settle()
    const live = (await operations()).filter(o => o.wakeAt !== null)
    if (live.length === 0) {
      for (let i = 0; i < 3; i++) await hosts.settle()
      return
    }
    at.clock.at = Math.max(at.clock.at, Math.min(...live.map(o => o.wakeAt ?? 0)))
  }
  throw new Error(`still live: ${JSON.stringify(await operations())}`)
}
const operations = async () => must(await at.store.operations.list('platform', null, { after: null, limit: 100 })).items
const theMachine = async () => {
  const [found] = must(await at.store.machines.find('platform', [machine]))
  assert(found, 'the machine')
  return found
}
const moveOperation = async () => (await operations()).find(({ kind }) => kind === 'migration.run')
const move = async () => must(await migrateMachine.call(call(), { machine }))

/** It is where it is said to be, claimed once, and nothing of the move is left. */
async function sound(on: Id<'host'> | null, running = on !== null): Promise<void> {
  const { host } = await theMachine()
  expect(host).toBe(on)
  expect([...hosts.runs]).toEqual(running ? [on] : [])
  const claims = database.look('SELECT consumer, host FROM allocation WHERE until IS NULL ORDER BY consumer')
  const [volume] = (await theMachine()).volumes
  expect(claims).toEqual(
    on === null
      ? []
      : [
          { consumer: machine, host: on },
          { consumer: volume?.id, host: on },
        ],
  )
  expect(database.look('SELECT * FROM tombstone')).toEqual([])
  expect(database.look('SELECT id FROM migration WHERE endedAt IS NULL')).toEqual([])
}

/** One workflow with its steps changed; the others as they are. */
const changed =
  (kind: OperationKind, change: (step: AnyWorkflow['steps'][number], index: number) => AnyWorkflow['steps'][number]): Workflows =>
  (asked, version) => {
    const workflow = workflows(asked, version)
    return workflow && asked === kind ? { ...workflow, steps: workflow.steps.map(change) } : workflow
  }

describe('a move', () => {
  test('ends on the other host', async () => {
    await move()
    await drive()
    expect(await moveOperation()).toMatchObject({ state: 'done' })
    await sound(target)
    expect(stateOfMachine(await theMachine())).toBe('running')
  })

  test('goes back again', async () => {
    for (const on of [target, source, target]) {
      await move()
      await drive()
      await sound(on)
    }
  })

  test('ends where it was where its host keeps it, and says why', async () => {
    hosts.departure = 'stayed'
    await move()
    await drive()
    expect(await moveOperation()).toMatchObject({ state: 'failed', fault: { message: expect.stringContaining('stays') } })
    await sound(source)
  })

  test.each([true, false])('where its host cannot tell, the other does (arrived: %s)', async arrives => {
    hosts.departure = 'unknown'
    hosts.arrives = arrives
    await move()
    await drive()
    await sound(arrives ? target : source)
  })

  test('one at a time; and not to a host that something of it is still to go from', async () => {
    await move()
    expect(await migrateMachine.call(call(), { machine })).toMatchObject({ ok: false, fault: { code: 'precondition' } })
    await drive()
    must(await at.store.commit([{ do: 'tombstone.insert', host: source, subject: machine }]))
    expect(await migrateMachine.call(call(), { machine, host: source })).toMatchObject({ ok: false, fault: { code: 'conflict' } })
  })

  test.each([
    ['stopped', stopMachines, 'stopped'],
    ['deleted', deleteMachines, 'gone'],
  ] as const)('%s at any moment, it comes to that', async (_, verb, state) => {
    for (let turns = 0; turns < 6; turns++) {
      database.close()
      await open()
      await move()
      for (let turn = 0; turn < turns; turn++) {
        await wake()
        await hosts.settle()
        at.clock.at += limits.parkSweep
      }
      must(await verb.call(call(), { machines: [machine] }))
      await drive()
      expect(stateOfMachine(await theMachine())).toBe(state)
      expect([...hosts.runs]).toEqual([])
      expect(database.look('SELECT * FROM tombstone')).toEqual([])
      expect(database.look('SELECT id FROM migration WHERE endedAt IS NULL')).toEqual([])
    }
  })

  test('waits for a host that is silent; once that is fenced, it stays where it was', async () => {
    const changes = secondAgent(at, 'far')
    const far = changes.find(change => change.do === 'host.insert')
    const agent = changes.find(change => change.do === 'agent.insert')
    assert(far && agent, 'another host')
    const facts = { ...hostFacts(far.host, 'far'), underlay: '192.0.2.9' }
    must(await at.store.commit([...changes, { do: 'host.observed', host: far.host, epoch: 1, seq: 2, digest: 'y', facts }]))
    must(await migrateMachine.call(call(), { machine, host: far.host }))
    for (const ms of [0, limits.moveRoom + 1, limits.parkSweep, limits.parkSweep]) {
      at.clock.at += ms
      await wake()
      await hosts.settle()
    }
    expect(await moveOperation()).toMatchObject({ state: 'parked' })
    expect((await theMachine()).host).toBe(source)

    must(await at.store.commit([{ do: 'agent.silent', agent: agent.agent, epoch: 1, since: at.clock.at }]))
    must(await fenceHost.call(call(), { host: far.host, how: 'word', confirm: 'far' }))
    await drive()
    expect(await moveOperation()).toMatchObject({ state: 'failed' })
    expect(stateOfMachine(await theMachine())).toBe('running')
    expect([...hosts.runs]).toEqual([source])
    expect(database.look('SELECT DISTINCT host FROM allocation WHERE until IS NULL')).toEqual([{ host: source }])
    // Should it return, it is told to remove what it may have.
    const [volume] = (await theMachine()).volumes
    expect(database.look('SELECT host, subject FROM tombstone ORDER BY subject')).toEqual([
      { host: far.host, subject: machine },
      { host: far.host, subject: volume?.id },
    ])
  })

  test('what the machine has stays as it is meanwhile; deleting it is accepted', async () => {
    const [volume] = (await theMachine()).volumes
    assert(volume, 'what it boots from')
    await move()
    const refusal = { ok: false, fault: { code: 'precondition', message: expect.stringContaining('on its way') } }
    expect(await growVolume.call(call(), { volume: volume.id, sizeMiB: 100_000 })).toMatchObject(refusal)
    expect(await createSnapshot.call(call(), { volume: volume.id })).toMatchObject(refusal)
    await drive()
    await sound(target)
    must(await growVolume.call(call(), { volume: volume.id, sizeMiB: volume.sizeMiB + 1 }))
    must(await deleteMachines.call(call(), { machines: [machine] }))
    await drive()
    expect(stateOfMachine(await theMachine())).toBe('gone')
  })

  test('is refused where a volume has a snapshot', async () => {
    const [volume] = (await theMachine()).volumes
    assert(volume, 'what it boots from')
    must(await createSnapshot.call(call(), { volume: volume.id }))
    expect(await migrateMachine.call(call(), { machine })).toMatchObject({
      ok: false,
      fault: { code: 'precondition', message: expect.stringContaining('snapshots') },
    })
  })

  test.each(faultCodes.flatMap(code => [0, 1].map(step => [code, step] as const)))(
    'refused once with %s at step %i, it goes on',
    async (code, at_) => {
      await move()
      let refusals = 0
      const once = changed('migration.run', (step, index) =>
        index === at_
          ? { ...step, run: async context => (refusals++ === 0 ? refuse(code, 'planted') : step.run(context)) }
          : step,
      )
      await drive(once)
      expect(refusals).toBeGreaterThan(0)
      await sound(target)
    },
  )

  test('every step run twice lands once', async () => {
    await move()
    const twice = changed('migration.run', step => ({
      ...step,
      run: async context => {
        await step.run(context)
        return step.run(context)
      },
    }))
    await drive(twice)
    await sound(target)
  })

  test('goes on after a crash before, and after, each write', async () => {
    for (let n = 1; ; n++) {
      let crashed = false
      for (const when of ['before', 'after'] as const) {
        database.close()
        await open()
        await move()
        let writes = 0
        let dead: () => void = () => {}
        const death = new Promise<void>(resolve => {
          dead = resolve
        })
        const dying: Store = {
          ...at.store,
          commit: async (changes: readonly Change[]) => {
            if (++writes !== n) return at.store.commit(changes)
            if (when === 'after') await at.store.commit(changes)
            crashed = true
            dead()
            return new Promise<never>(() => {})
          },
        }
        for (let turn = 0; turn < 10 && !crashed; turn++) {
          await Promise.race([wake(workflows, dying), death])
          await hosts.settle()
          at.clock.at += limits.parkSweep
        }
        await drive()
        await sound(target)
      }
      if (!crashed) {
        expect(n).toBeGreaterThan(2)
        return
      }
    }
  })
})

describe('a move of a machine that is stopped', () => {
  const stopped = async () => {
    must(await stopMachines.call(call(), { machines: [machine] }))
    await drive()
    at.clock.at += 1
    await move()
  }

  test('ends on the other host, and it is started there', async () => {
    await stopped()
    await drive()
    expect(await moveOperation()).toMatchObject({ state: 'done' })
    await sound(target, false)
    expect(stateOfMachine(await theMachine())).toBe('stopped')
    must(await startMachines.call(call(), { machines: [machine] }))
    await drive()
    await sound(target)
  })

  test('ends where it was where its host keeps it', async () => {
    hosts.departure = 'stayed'
    await stopped()
    await drive()
    expect(await moveOperation()).toMatchObject({ state: 'failed' })
    await sound(source, false)
  })

  test.each([
    ['started', startMachines, 'running'],
    ['deleted', deleteMachines, 'gone'],
  ] as const)('%s at any moment, it comes to that', async (_, verb, state) => {
    for (let turns = 0; turns < 6; turns++) {
      database.close()
      await open()
      await stopped()
      for (let turn = 0; turn < turns; turn++) {
        await wake()
        await hosts.settle()
        at.clock.at += limits.parkSweep
      }
      must(await verb.call(call(), { machines: [machine] }))
      await drive()
      expect(stateOfMachine(await theMachine())).toBe(state)
      const { host } = await theMachine()
      expect([...hosts.runs]).toEqual(state === 'running' ? [host] : [])
      expect(database.look('SELECT * FROM tombstone')).toEqual([])
      expect(database.look('SELECT id FROM migration WHERE endedAt IS NULL')).toEqual([])
    }
  })

  test('one that is suspended stays, and says why', async () => {
    must(await suspendMachines.call(call(), { machines: [machine] }))
    await drive()
    await database.execute("UPDATE machine_observed SET power = 'suspended'")
    expect(await migrateMachine.call(call(), { machine })).toMatchObject({
      ok: false,
      fault: { code: 'precondition', message: expect.stringContaining('memory') },
    })
  })
})

describe('a maintenance', () => {
  const begin = async (stopRest = false) => must(await maintainHost.call(call(), { host: source, stopRest }))
  const maintenance = async () => must(await at.store.hosts.find([source]))[0]?.maintenance

  test('empties the host, which takes nothing until it returns', async () => {
    await begin()
    await drive()
    await sound(target)
    expect(await maintenance()).toBe('in')
    expect(await migrateMachine.call(call(), { machine, host: source })).toMatchObject({ ok: false, fault: { code: 'capacity' } })
    must(await returnHost.call(call(), { host: source }))
    expect(await maintenance()).toBe('none')
    await move()
    await drive()
    await sound(source)
  })

  test('takes what is stopped along, with its disks', async () => {
    must(await stopMachines.call(call(), { machines: [machine] }))
    await drive()
    at.clock.at += 1
    await begin()
    await drive()
    expect(await maintenance()).toBe('in')
    await sound(target, false)
  })

  test('what cannot move is stopped where that was asked for, and started when the host returns', async () => {
    hosts.departure = 'stayed'
    await begin(true)
    await drive()
    expect(await maintenance()).toBe('in')
    expect(stateOfMachine(await theMachine())).toBe('stopped')
    must(await returnHost.call(call(), { host: source }))
    await drive()
    expect(stateOfMachine(await theMachine())).toBe('running')
    await sound(source)
  })

  test('is ended by the return, wherever it stands', async () => {
    hosts.departure = 'stayed'
    await begin()
    await wake()
    await hosts.settle()
    must(await returnHost.call(call(), { host: source }))
    await drive()
    expect((await operations()).find(({ kind }) => kind === 'host.maintain')).toMatchObject({ state: 'superseded' })
    await sound(source)
  })

  test('is refused with what is in the way where nothing could take a machine', async () => {
    must(
      await at.store.commit([
        { do: 'host.maintenance', host: target, generation: 0, maintenance: 'in', accepting: false, intent: true },
      ]),
    )
    expect(await maintainHost.call(call(), { host: source })).toMatchObject({
      ok: false,
      fault: { code: 'precondition', message: expect.stringContaining('cannot be moved') },
    })
  })
})
