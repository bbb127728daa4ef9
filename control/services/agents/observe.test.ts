import { limits } from '@sirocco/shared/model/limits.ts'
import type { Seen } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test } from 'vitest'
import { hostFacts, must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import type { Store } from '../../ports/store.ts'
import { deleteMachines } from '../machines/delete.ts'
import { launchMachines } from '../machines/launch.ts'
import { stopMachines } from '../machines/stop.ts'
import { observe, observeAll } from './observe.ts'
import { keepResult } from './result.ts'

const frame = { seq: 100, base: null, gone: [] }

async function running(onGuestShutdown: 'stop' | 'terminate' = 'stop') {
  const at = await world({ hosts: 1 })
  const [host] = at.rows.hosts
  if (!host) throw new Error('no host')
  const call = { ports: at.ports, principal: at.principal }
  const launched = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', onGuestShutdown }))
  const machines = [...launched.machines]
  const look = async () => {
    const [machine] = must(await at.ports.store.machines.find('platform', machines))
    if (!machine) throw new Error('gone')
    return machine
  }
  const seen = async (more: Partial<Extract<Seen, { kind: 'machine' }>>): Promise<Seen> => ({
    kind: 'machine',
    id: machines[0] ?? '',
    applied: (await look()).generation,
    power: 'running',
    addresses: [],
    ...more,
  })
  return { at, host, call, machines, look, seen }
}

/** A store to which somebody else writes once, right before the next commit. */
const racedBy = (store: Store, meanwhile: () => Promise<unknown>): Store => {
  let raced = false
  return {
    ...store,
    async commit(changes) {
      if (!raced) {
        raced = true
        await meanwhile()
      }
      return store.commit(changes)
    },
  }
}

describe('what an agent says', () => {
  test('of what is known already writes nothing, also when it links anew and says everything', async () => {
    const { at, host, seen } = await running()
    await at.settle()
    const facts = hostFacts(host, 'h1')
    const changed = [facts, await seen({ addresses: ['10.64.0.4'] })]
    must(await observe(at.ports, host, { ...frame, epoch: 1, changed }))
    const before = at.database.look('SELECT * FROM commits')
    must(await observe(at.ports, host, { ...frame, epoch: 1, seq: 101, changed }))
    expect(at.database.look('SELECT * FROM commits')).toEqual(before)
  })

  test('by a link that is not the newest any more is not written', async () => {
    const { at, host, seen, look } = await running()
    await at.settle()
    must(await at.ports.store.commit([{ do: 'agent.link', agent: at.rows.agent, epoch: 2, bootId: 'b', version: '0.1.0' }]))
    const late = await observe(at.ports, host, {
      ...frame,
      epoch: 1,
      changed: [await seen({ power: 'stopped', cause: 'guest' }), { ...hostFacts(host, 'h1'), cpus: 99 }],
    })
    expect(late).toMatchObject({ fault: { code: 'stale' } })
    expect(stateOfMachine(await look())).toBe('running')
    expect(at.database.look('SELECT cpus FROM host_observed')).not.toEqual([{ cpus: 99 }])
  })

  test.each(['stop', 'terminate'] as const)(
    'of a guest that shut itself down (%s), while somebody asks for its end, is looked at anew and kept',
    async onGuestShutdown => {
      const { at, host, call, machines, seen, look } = await running(onGuestShutdown)
      await at.settle()
      const gone = await seen({ power: 'stopped', cause: 'guest' })
      const verb = onGuestShutdown === 'stop' ? stopMachines : deleteMachines
      const store = racedBy(at.ports.store, () => verb.call(call, { machines }))
      must(await observe({ ...at.ports, store }, host, { ...frame, epoch: 1, changed: [gone] }))
      const machine = await look()
      expect(machine.observed?.power).toBe('stopped')
      expect(machine.generation).toBe(2)
      expect(machine.power).toBe(onGuestShutdown === 'stop' ? 'off' : 'gone')
      const asked = at.database.look("SELECT kind FROM operation WHERE kind <> 'machine.create'")
      expect(asked).toEqual([{ kind: onGuestShutdown === 'stop' ? 'machine.stop' : 'machine.delete' }])
    },
  )

  test('of several hosts is kept of all, also where somebody asks for something of one meanwhile', async () => {
    const at = await world({ hosts: 3 })
    const call = { ports: at.ports, principal: at.principal }
    const asked = { image: at.rows.image, flavor: 't3.micro', minCount: 6, maxCount: 6 }
    const { machines } = must(await launchMachines.call(call, asked))
    await at.settle()
    const placed = must(await at.ports.store.machines.find('platform', machines))
    const reports = [...Map.groupBy(placed, machine => machine.host)].flatMap(([host, on]) =>
      host === null
        ? []
        : {
            host,
            frame: {
              ...frame,
              epoch: 1,
              changed: on.map(({ id }) => ({
                kind: 'machine' as const,
                id,
                applied: 1,
                power: 'stopped' as const,
                cause: 'guest' as const,
                addresses: [],
              })),
            },
          },
    )
    expect(reports.length).toBeGreaterThan(1)
    const [first] = machines
    if (!first) throw new Error('nothing launched')
    const store = racedBy(at.ports.store, () => stopMachines.call(call, { machines: [first] }))
    must(await observeAll({ ...at.ports, store }, reports))
    const after = must(await at.ports.store.machines.find('platform', machines))
    expect(after.map(machine => machine.observed?.power)).toEqual(after.map(() => 'stopped'))
    expect(after.map(machine => machine.generation)).toEqual(after.map(() => 2))
  })

  test('first of a guest that is off again already: it ran', async () => {
    const { at, host, seen, look } = await running()
    must(await observe(at.ports, host, { ...frame, epoch: 1, changed: [await seen({ power: 'stopped', cause: 'guest' })] }))
    expect((await look()).ranAt).not.toBeNull()
    expect(stateOfMachine(await look())).toBe('stopped')
  })

  test('of machines that nobody asked for is noted, up to a bound', async () => {
    const { at, host } = await running()
    const changed = Array.from(
      { length: limits.orphans + 5 },
      (_, i): Seen => ({
        kind: 'machine',
        id: `vm_stranger${i}`,
        applied: -1,
        power: 'running',
        addresses: [],
      }),
    )
    must(await observe(at.ports, host, { ...frame, epoch: 1, changed }))
    expect(at.database.look('SELECT * FROM orphan')).toHaveLength(limits.orphans)
  })

  test('of a machine that its owner deleted has it removed again, and troubles no admin', async () => {
    const { at, host, call, machines, seen } = await running()
    await at.settle()
    must(await deleteMachines.call(call, { machines }))
    await at.settle()
    expect(at.database.look('SELECT subject FROM tombstone')).toEqual([])
    must(await observe(at.ports, host, { ...frame, epoch: 1, changed: [await seen({ applied: -1, power: 'stopped' })] }))
    expect(at.database.look('SELECT subject FROM tombstone')).toEqual([{ subject: machines[0] }])
    expect(at.database.look('SELECT machine FROM orphan')).toEqual([])
    const [gone] = must(await at.ports.store.machines.find('platform', machines))
    const applied = (gone?.generation ?? 0) + 1
    must(await observe(at.ports, host, { ...frame, epoch: 1, seq: 101, changed: [await seen({ applied, power: 'absent' })] }))
    expect(at.database.look('SELECT subject FROM tombstone')).toEqual([])
  })

  test('of a machine on a host that is not its own changes nothing of it', async () => {
    const { at, seen, look } = await running()
    await at.settle()
    const other = at.rows.ids.make('host')
    must(
      await at.ports.store.commit([{ do: 'host.insert', host: other, agent: at.rows.agent, zone: at.rows.zone, name: 'other' }]),
    )
    must(await observe(at.ports, other, { ...frame, epoch: 1, changed: [await seen({ power: 'stopped', cause: 'guest' })] }))
    expect(stateOfMachine(await look())).toBe('running')
    expect(at.database.look('SELECT host FROM orphan')).toEqual([{ host: other }])
  })
})

describe('the result of a command', () => {
  test('whose operation is forgotten is kept all the same, so that its agent does not send it for ever', async () => {
    const { at, host } = await running()
    const command = at.rows.ids.make('operation')
    must(await at.ports.store.commit([{ do: 'command.insert', id: command, host, body: { do: 'reboot', machine: 'vm_x' } }]))
    must(await keepResult(at.ports, { type: 'result', n: 1, command, host, outcome: { ok: true, value: '' } }))
    expect(must(await at.ports.store.commands.outcome(command))).toMatchObject({ outcome: { ok: true } })
  })
  test('of another host is not kept', async () => {
    const { at, host } = await running()
    must(await at.ports.store.commit([{ do: 'command.insert', id: 'cmd_1', host, body: { do: 'reboot', machine: 'vm_x' } }]))
    must(await keepResult(at.ports, { type: 'result', n: 1, command: 'cmd_1', host: 'hst_x', outcome: { ok: true, value: '' } }))
    expect(must(await at.ports.store.commands.outcome('cmd_1'))).toMatchObject({ outcome: null })
  })
})
