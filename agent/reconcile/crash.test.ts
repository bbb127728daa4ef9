import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentWorld, machine, network } from '../../test/support/agent-world.ts'
import { points } from './points.ts'

/** At the n-th passing of `point` this life of the agent ends. */
const killAt = (world: AgentWorld, point: string, n: number) => {
  let left = n
  return async (passed: string) => {
    if (passed === point && --left === 0) world.kill()
  }
}

/** A press of the reset button; whoever is killed in the middle does not press again. */
const command = (world: AgentWorld, id: string) =>
  world.say({
    type: 'command',
    id,
    epoch: world.epoch,
    host: 'hst_1',
    deadline: world.time.now() + 60_000,
    command: { do: 'reboot', machine: 'vm_a' },
  })

/** Those that only a move passes: killed at in move-crash.test.ts. */
const ofMoves = /^port\.compute\.(leave|arrive|adopt|abandon|stay)\./
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
      const steps = [
        { want: [machine('vm_a')], power: 'running' },
        { want: [machine('vm_a', { generation: 2, power: 'off' })], power: 'stopped' },
        { want: [machine('vm_a', { generation: 3, power: 'on' })], power: 'running' },
        { want: [machine('vm_a', { generation: 4, power: 'cut' })], power: 'stopped' },
        { want: [machine('vm_a', { generation: 5, power: 'gone' })], power: 'absent' },
      ]
      for (const { want, power } of steps) {
        await world.want(...want)
        await world.pass(15_000)
        for (const id of ['cmd_1', 'cmd_2']) await command(world, `${id}${want[0]?.generation}`)
        await world.pass(100)
        if (!world.agent) {
          reached.add(point)
          await world.start()
          await world.connect()
          await world.pass(20_000)
        }
        expect(world.power('vm_a')).toBe(power)
        expect(world.seenMachine('vm_a')).toMatchObject({ power, applied: want.at(-1)?.generation })
        expect(world.seenMachine('vm_a')?.fault).toBeUndefined()
      }
      expect(world.remains('vm_a')).toBe(false)
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
    arbitrary: fc.record({ do: fc.constant('want' as const), power: fc.constantFrom('on', 'off', 'cut', 'gone' as const) }),
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
      let power: 'on' | 'off' | 'cut' | 'gone' = 'on'
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

      const last = { on: ['running'], off: ['stopped', 'absent'], cut: ['stopped', 'absent'], gone: ['absent'] }[power]
      const seen = world.seenMachine('vm_a')
      expect(seen).toMatchObject({ applied: generation, power: world.power('vm_a') })
      // A guest that shut itself down, or crashed too often, is where it may be instead.
      if (!(power === 'on' && (shutdown || seen?.fault))) expect(last).toContain(world.power('vm_a'))
      if (power === 'gone') expect(world.remains('vm_a')).toBe(false)
      expect(world.log.filter(line => line.level === 'error')).toEqual([])
    }),
    { numRuns: 150, seed: 20_261_122 },
  )
}, 60_000)
