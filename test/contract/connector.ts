import type { Connector, DesiredMachine, Observed } from '@sirocco/control/ports/connector.ts'
import type { FaultCode } from '@sirocco/shared/kit/fault.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { must } from './store/furnish.ts'

/** A cloud with its connector, as one test has it. */
export interface ConnectorBench {
  readonly connector: Connector
  /** The same account in another life of the control plane. */
  restart(): Connector
  /** A machine that is to be run, and each later intent for it. */
  launch(): Promise<DesiredMachine>
  intend(machine: DesiredMachine, power: DesiredMachine['power']): Promise<DesiredMachine>
  /** Lets the cloud do what it was told. */
  settle(): Promise<void>
  /** What is known of these machines now: through `observe` where facts are polled, from the rows where they are pushed. */
  seen(connector: Connector): Promise<ReadonlyMap<string, Extract<Observed, { kind: 'machine' }>['found']>>
  /** Machines that exist there for this one. */
  copies(machine: DesiredMachine): Promise<number>
  resets(machine: DesiredMachine): Promise<number>
  /** How a command ended; null: not yet. */
  outcome(command: string, connector: Connector): Promise<boolean | null>
  /** Only where the cloud is somebody else's. */
  readonly foreign?: {
    /** The next calls are refused, before or after they had their effect. */
    trouble(...next: readonly ({ readonly before: FaultCode } | { readonly after: FaultCode })[]): void
    /** New machines are missing from this many listings. */
    hide(listings: number): void
    expireCursors(): void
    /** Somebody changes it, or removes it (null), in the cloud's own console. */
    meddle(machine: DesiredMachine, state: string | null): void
    calls(): number
    /** A connector to a cloud without resets. */
    readonly without: Connector
  }
}

type Observation = { readonly cursor: string; readonly complete: boolean }

/** The contract of every connector. `make` gives an empty account. */
export function describeConnector(name: string, make: () => Promise<ConnectorBench>): void {
  describe(`the connector contract: ${name}`, () => {
    let bench: ConnectorBench
    beforeEach(async () => {
      bench = await make()
    })
    const ensured = async (machine: DesiredMachine, connector = bench.connector) => {
      must(await connector.ensure(machine))
      await bench.settle()
    }
    const found = async (machine: DesiredMachine, connector = bench.connector) => (await bench.seen(connector)).get(machine.id)
    const running = async () => {
      const machine = await bench.launch()
      await ensured(machine)
      return machine
    }

    test('says what it can do', async () => {
      expect(Object.keys(await bench.connector.capabilities()).sort()).toEqual([
        'console',
        'consoleLog',
        'pause',
        'reboot',
        'suspend',
      ])
    })

    test('runs a machine, and observes that its generation is fulfilled', async () => {
      const machine = await running()
      expect(await found(machine)).toMatchObject({ power: 'running', applied: machine.generation })
      expect(await bench.copies(machine)).toBe(1)
    })

    test('asked twice for the same generation, makes one', async () => {
      const machine = await bench.launch()
      await ensured(machine)
      await ensured(machine)
      expect(await bench.copies(machine)).toBe(1)
    })

    test('stops, starts and removes it, each observed under its own generation', async () => {
      let machine = await running()
      for (const [power, shows] of [
        ['off', 'stopped'],
        ['on', 'running'],
        ['cut', 'stopped'],
        ['gone', 'absent'],
      ] as const) {
        machine = await bench.intend(machine, power)
        await ensured(machine)
        expect(await found(machine)).toMatchObject({ power: shows, applied: machine.generation })
      }
      expect(await bench.copies(machine)).toBe(0)
    })

    test('removing what is removed already is success', async () => {
      const machine = await bench.intend(await running(), 'gone')
      await ensured(machine)
      await ensured(machine)
      expect(await bench.copies(machine)).toBe(0)
      expect(await found(machine)).toMatchObject({ power: 'absent', applied: machine.generation })
    })

    test('an older intent that comes late changes nothing', async () => {
      const first = await running()
      const second = await bench.intend(first, 'off')
      await ensured(second)
      must(await bench.connector.ensure(first))
      await bench.settle()
      expect(await found(second)).toMatchObject({ power: 'stopped', applied: second.generation })
    })

    test('goes on in another life as if nothing had been', async () => {
      const machine = await running()
      const next = await bench.intend(machine, 'off')
      const again = bench.restart()
      await ensured(machine, again)
      await ensured(next, again)
      expect(await found(next, again)).toMatchObject({ power: 'stopped', applied: next.generation })
      expect(await bench.copies(machine)).toBe(1)
    })

    test('resets at most once for each command, in whatever life it is asked again, and tells how it ended', async () => {
      const machine = await running()
      const command = {
        id: 'op_01contract0000000000r',
        do: 'reboot',
        machine: machine.id,
        host: machine.host,
        deadline: 4e12,
      } as const
      expect(await bench.outcome(command.id, bench.connector)).toBeNull()
      must(await bench.connector.act(command))
      must(await bench.restart().act(command))
      await bench.settle()
      expect(await bench.resets(machine)).toBe(1)
      expect(await bench.outcome(command.id, bench.connector)).toBe(true)
      must(await bench.connector.act({ ...command, id: 'op_01contract0000000000s' }))
      await bench.settle()
      expect(await bench.resets(machine)).toBe(2)
    })

    test('observes to an end, and begins anew with a cursor that is none', async () => {
      await running()
      let cursor: string | null = null
      let complete = false
      for (let page = 0; page < 20 && !complete; page++) {
        const next: Observation = must(await bench.connector.observe(cursor))
        cursor = next.cursor
        complete = next.complete
      }
      expect(complete).toBe(true)
      expect(await bench.connector.observe('no cursor of yours')).toMatchObject({ ok: true })
    })

    describe('where the cloud is somebody else’s', () => {
      const foreign =
        (run: (of: NonNullable<ConnectorBench['foreign']>) => Promise<void>) => async (context: { skip(why: string): void }) => {
          if (bench.foreign) await run(bench.foreign)
          else context.skip('this cloud is our own')
        }
      const tries = async (machine: DesiredMachine): Promise<void> => {
        for (let i = 0; i < 5; i++) if ((await bench.connector.ensure(machine)).ok) return
        throw new Error('it never accepted')
      }

      test(
        'a launch whose answer is lost is asked again and makes one',
        foreign(async cloud => {
          const machine = await bench.launch()
          cloud.trouble({ after: 'unavailable' }, { after: 'internal' })
          expect((await bench.connector.ensure(machine)).ok).toBe(false)
          await tries(machine)
          expect(await bench.copies(machine)).toBe(1)
        }),
      )
      test(
        'a launch whose answer is lost, and that is not wanted any more, leaves nothing',
        foreign(async cloud => {
          const machine = await bench.launch()
          cloud.trouble({ after: 'unavailable' })
          await bench.connector.ensure(machine)
          await tries(await bench.intend(machine, 'gone'))
          expect(await bench.copies(machine)).toBe(0)
        }),
      )
      test(
        'a crash right after the launch is made good in the next life',
        foreign(async cloud => {
          const machine = await bench.launch()
          cloud.trouble({ after: 'unavailable' })
          await bench.connector.ensure(machine)
          await ensured(machine, bench.restart())
          expect(await bench.copies(machine)).toBe(1)
          expect(await found(machine, bench.restart())).toMatchObject({ power: 'running', applied: machine.generation })
        }),
      )
      test(
        'what listings do not show yet is neither made again nor called absent',
        foreign(async cloud => {
          cloud.hide(4)
          const machine = await bench.launch()
          for (let i = 0; i < 3; i++) {
            await ensured(machine)
            expect((await found(machine))?.power).not.toBe('absent')
          }
          expect(await bench.copies(machine)).toBe(1)
        }),
      )
      test(
        'what somebody removed there is seen absent, and removing it is success',
        foreign(async cloud => {
          const machine = await running()
          await found(machine)
          cloud.meddle(machine, null)
          expect(await found(machine)).toMatchObject({ power: 'absent', applied: machine.generation })
          const gone = await bench.intend(machine, 'gone')
          await ensured(gone)
          expect(await found(gone)).toMatchObject({ power: 'absent', applied: gone.generation })
        }),
      )
      test(
        'what somebody stopped there is seen stopped',
        foreign(async cloud => {
          const machine = await running()
          cloud.meddle(machine, 'stopped')
          expect(await found(machine)).toMatchObject({ power: 'stopped' })
        }),
      )
      test(
        'a state that nobody told us of is no fact, and no crash',
        foreign(async cloud => {
          const machine = await running()
          cloud.meddle(machine, 'rebalancing')
          expect(await found(machine)).toBeUndefined()
          must(await bench.connector.ensure(machine))
        }),
      )
      test(
        'throttled, it says so, and the next try passes',
        foreign(async cloud => {
          const machine = await bench.launch()
          cloud.trouble({ before: 'throttled' })
          expect(await bench.connector.ensure(machine)).toMatchObject({ ok: false, fault: { code: 'throttled' } })
          await ensured(machine)
          expect(await bench.copies(machine)).toBe(1)
        }),
      )
      test(
        'a cursor that the cloud forgot while it was used starts over, and ends complete',
        foreign(async cloud => {
          const machines = []
          for (let i = 0; i < 8; i++) machines.push(await running())
          const first = must(await bench.connector.observe(null))
          expect(first.complete).toBe(false)
          cloud.expireCursors()
          const seen = new Set<string>()
          let page = must(await bench.connector.observe(first.cursor))
          for (let i = 0; i < 10; i++) {
            for (const fact of page.facts) seen.add(fact.id)
            if (page.complete) break
            page = must(await bench.connector.observe(page.cursor))
          }
          expect(page.complete).toBe(true)
          for (const { id } of machines) expect(seen).toContain(id)
        }),
      )
      test(
        'observing costs calls by pages, not by machines',
        foreign(async cloud => {
          for (let i = 0; i < 9; i++) await running()
          const before = cloud.calls()
          await bench.seen(bench.connector)
          expect(cloud.calls() - before).toBeLessThanOrEqual(4)
        }),
      )
      test(
        'what it cannot do is refused without a call',
        foreign(async cloud => {
          const machine = await running()
          const before = cloud.calls()
          const command = { id: 'op_x', do: 'reboot', machine: machine.id, host: machine.host, deadline: 4e12 } as const
          expect(await cloud.without.act(command)).toMatchObject({ ok: false, fault: { code: 'unsupported' } })
          expect(cloud.calls()).toBe(before)
        }),
      )
      test(
        'a reset whose answer is lost happens once',
        foreign(async cloud => {
          const machine = await running()
          const command = { id: 'op_y', do: 'reboot', machine: machine.id, host: machine.host, deadline: 4e12 } as const
          cloud.trouble({ after: 'internal' })
          expect(await bench.connector.act(command)).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
          must(await bench.connector.act(command))
          expect(await bench.resets(machine)).toBe(1)
        }),
      )
    })
  })
}
