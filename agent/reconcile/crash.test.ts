import { limits } from '@sirocco/shared/model/limits.ts'
import { type Power, powers } from '@sirocco/shared/model/machines/states.ts'
import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import type { Wanted, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  AgentWorld,
  aBackup,
  anImport,
  backupResult,
  importResult,
  machine,
  network,
  rootOf,
  snapshotOf,
} from '../../test/support/agent-world.ts'
import { points } from './points.ts'

/** At the n-th passing of `point` this life of the agent ends. */
const killAt = (world: AgentWorld, point: string, n: number) => {
  let left = n
  return async (passed: string) => {
    if (passed === point && --left === 0) world.kill()
  }
}

/** A press of the reset button, or a word to the guest's own agent; whoever is killed in the middle does not say it again. */
const command = (world: AgentWorld, id: string, body: CommandBody = { do: 'reboot', machine: 'vm_a' }) =>
  world.say({
    type: 'command',
    id,
    epoch: world.epoch,
    host: 'hst_1',
    deadline: world.time.now() + 60_000,
    command: body,
  })

/** Those that only a move passes: killed at in move-crash.test.ts. */
const ofMoves = /^port\.(compute\.(leave|arrive|adopt|abandon|stay)|volumes\.(send|take))\./
const ordinary = points.filter(point => !ofMoves.test(point))
const reached = new Set<string>()

test.each(ordinary.map(point => [point]))(
  'killed at %s: the next life ends with one machine running, then stopped, then none',
  async point => {
    for (const n of [1, 2, 3]) {
      const world = new AgentWorld()
      await world.start()
      await world.connect()
      await world.want(network())
      await command(world, 'cmd_0')
      world.kill()
      await world.start(killAt(world, point, n))
      await world.connect()
      const data = (generation: number, more: Partial<WantedVolume> = {}) =>
        rootOf('vm_data', { generation, attached: null, source: { from: 'nothing' }, ...more })
      const restored = (generation: number, more: Partial<WantedVolume> = {}) =>
        rootOf('vm_back', { generation, attached: null, source: { from: 'backup', backup: 'bak_old' }, ...more })
      const given = { machine: 'vm_a', device: 'vdc', boot: false, readOnly: false }
      const kept = snapshotOf('snp_1', 'vol_data')
      // Its file is merged away under the running machine.
      const passing = snapshotOf('snp_4', 'vol_a')
      const together = [
        { ...snapshotOf('snp_2', 'vol_a'), moment: 'snp_2' },
        { ...snapshotOf('snp_3', 'vol_data'), moment: 'snp_2' },
      ]
      const back = { snapshot: 'snp_3', turn: 6 }
      const steps: { want: Wanted[]; power: string; generation: number; has?: string[] }[] = [
        { want: [machine('vm_a'), anImport()], power: 'running', generation: 1 },
        { want: [data(1, { attached: given })], power: 'running', generation: 1, has: ['vda', 'vdc'] },
        { want: [data(2, { attached: given, sizeMiB: 2048 })], power: 'running', generation: 1, has: ['vda', 'vdc'] },
        { want: [kept], power: 'running', generation: 1, has: ['vda', 'vdc'] },
        { want: [aBackup(), restored(1)], power: 'running', generation: 1, has: ['vda', 'vdc'] },
        { want: [restored(2, { gone: true })], power: 'running', generation: 1 },
        { want: [data(3, { sizeMiB: 2048 })], power: 'running', generation: 1, has: ['vda'] },
        { want: [data(4, { sizeMiB: 4096 })], power: 'running', generation: 1 },
        { want: [{ ...kept, generation: 2, gone: true }], power: 'running', generation: 1 },
        { want: [machine('vm_a', { generation: 2, power: 'off' })], power: 'stopped', generation: 2 },
        { want: [data(5, { sizeMiB: 4096, attached: given })], power: 'stopped', generation: 2, has: ['vda', 'vdc'] },
        { want: [machine('vm_a', { generation: 3, power: 'on' })], power: 'running', generation: 3, has: ['vda', 'vdc'] },
        { want: [passing], power: 'running', generation: 3 },
        { want: [{ ...passing, generation: 2, gone: true }], power: 'running', generation: 3 },
        { want: together, power: 'running', generation: 3, has: ['vda', 'vdc'] },
        { want: [machine('vm_a', { generation: 4, power: 'paused' })], power: 'paused', generation: 4 },
        { want: [machine('vm_a', { generation: 5, power: 'suspended' })], power: 'suspended', generation: 5 },
        { want: [machine('vm_a', { generation: 6, power: 'on' })], power: 'running', generation: 6, has: ['vda', 'vdc'] },
        { want: [machine('vm_a', { generation: 7, power: 'cut' })], power: 'stopped', generation: 7 },
        {
          want: [data(6, { sizeMiB: 4096, attached: given, reverted: back })],
          power: 'stopped',
          generation: 7,
          has: ['vda', 'vdc'],
        },
        { want: together.map(one => ({ ...one, generation: 2, gone: true })), power: 'stopped', generation: 7 },
        { want: [machine('vm_a', { generation: 8, power: 'gone' })], power: 'absent', generation: 8 },
        {
          want: [data(7, { gone: true }), rootOf('vm_a', { generation: 2, attached: null, gone: true })],
          power: 'absent',
          generation: 8,
        },
      ]
      for (const { want, power, generation, has } of steps) {
        await world.want(...want)
        await world.pass(15_000)
        if (want[0]?.kind === 'machine') {
          for (const id of ['cmd_1', 'cmd_2']) await command(world, `${id}${generation}`)
          await command(world, `cmd_3${generation}`, { do: 'guest-password', machine: 'vm_a', user: 'root', password: 'x' })
          await command(world, `cmd_4${generation}`, { do: 'guest-keys', machine: 'vm_a', user: 'root', keys: ['k'] })
        }
        await world.pass(100)
        if (!world.agent) {
          reached.add(point)
          await world.start()
          await world.connect()
          await world.pass(20_000)
        }
        expect(world.power('vm_a')).toBe(power)
        expect(world.seenMachine('vm_a')).toMatchObject({ power, applied: generation })
        expect(world.seenMachine('vm_a')?.fault).toBeUndefined()
        for (const object of want)
          if (object.kind === 'volume')
            expect(world.seenVolume(object.id)).toMatchObject({
              applied: object.generation,
              here: !object.gone,
              sizeMiB: object.gone ? 0 : object.sizeMiB,
              machine: object.attached?.machine ?? null,
            })
        for (const { kind, id } of want)
          if (kind === 'backup') {
            expect(world.seenObject(kind, id)).toMatchObject({ applied: 1, result: backupResult })
            await world.drop(kind, id)
          }
        if (has) expect(world.host.machine('one', 'vm_a')?.disks.map(disk => disk.device)).toEqual(has)
      }
      // Then the pool is short of room: nothing stands on the image any more.
      expect(Object.keys(world.host.store('one').images).length).toBeGreaterThan(0)
      world.host.short = true
      await world.pass(limits.agentSweep + 1_000)
      if (!world.agent) {
        reached.add(point)
        await world.start()
        await world.connect()
        await world.pass(limits.agentSweep + 1_000)
      }
      expect(world.host.store('one')).toMatchObject({ volumes: {}, snapshots: {} })
      expect(world.host.store('one').images).toEqual({})
      expect(world.remains('vm_a')).toBe(false)
      expect(world.backups).toContain('bak_made')
      expect(world.imports).toContain('img_made')
      expect(world.seenObject('import', 'img_made')).toMatchObject({ applied: 1, result: importResult })
      expect(world.log.filter(line => line.level === 'error')).toEqual([])
    }
  },
)

test('these kills happened: every point was passed', () => {
  expect(ordinary.filter(point => !reached.has(point))).toEqual([])
})

const wish = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('want' as const), power: fc.constantFrom(...powers) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('kill' as const), at: fc.constantFrom(...points), n: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'shutdown' as const, 'reboot-host' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('unlink' as const, 'libvirtd' as const, 'tear' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 300, 2_000, 70_000) }) },
)

test('whatever order intents, deaths and accidents come in, the newest intent is where it ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { minLength: 3, maxLength: 14 }), async deeds => {
      const world = new AgentWorld()
      let generation = 1
      let power: Power = 'on'
      let boots = 1
      let shutdown = false
      await world.start()
      await world.connect()
      await world.want(network(), machine('vm_a'))
      for (const deed of deeds) {
        if (!world.agent) {
          await world.start()
          await world.connect()
        }
        switch (deed.do) {
          case 'want':
            if (power === 'gone') break
            power = deed.power
            generation++
            shutdown = false
            await world.want(machine('vm_a', { generation, power }))
            break
          case 'kill':
            world.kill()
            await world.start(killAt(world, deed.at, deed.n))
            await world.connect()
            break
          case 'crash':
            world.host.guestCrashes('one', 'vm_a')
            break
          case 'shutdown':
            shutdown ||= world.power('vm_a') === 'running'
            world.host.guestShutsDown('one', 'vm_a')
            break
          case 'reboot-host':
            world.kill()
            world.host.restart(`boot-${++boots}`)
            break
          case 'unlink':
            await world.disconnect()
            await world.connect()
            break
          case 'libvirtd':
            world.host.hypervisorDies()
            await world.pass(1_000)
            world.host.hypervisorReturns()
            break
          case 'tear':
            // What was being appended when the power went; the whole line was never promised.
            world.kill()
            await world.disk.append('journal-hst_1.jsonl', '{"note":"settled","mach')
            break
          case 'wait':
            await world.pass(deed.ms)
        }
      }
      world.kill()
      await world.start()
      await world.connect()
      await world.pass(300_000)

      const last = {
        on: ['running'],
        off: ['stopped', 'absent'],
        cut: ['stopped', 'absent'],
        paused: ['paused'],
        suspended: ['suspended'],
        gone: ['absent'],
        'as-is': ['running', 'paused', 'stopped', 'suspended', 'absent'],
      }[power]
      const seen = world.seenMachine('vm_a')
      expect(seen).toMatchObject({ applied: generation, power: world.power('vm_a') })
      // A guest that shut itself down, or crashed too often, is where it may be instead; one that went off stands still nowhere.
      const lost = power === 'paused' || power === 'suspended'
      if (!lost && !(power === 'on' && (shutdown || seen?.fault))) expect(last).toContain(world.power('vm_a'))
      if (power === 'gone') expect(world.remains('vm_a')).toBe(false)
      expect(world.log.filter(line => line.level === 'error')).toEqual([])
    }),
    { numRuns: 150, seed: 20_261_122 },
  )
}, 60_000)
