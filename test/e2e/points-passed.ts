import { setTimeout as pause } from 'node:timers/promises'
import { points } from '@sirocco/agent/reconcile/points.ts'
import type { Fleet, Op } from './fleet.ts'
import type { HaltingAgent } from './halting-agent.ts'
import type { Stock } from './stock.ts'

/** A crash point of the agent, at its n-th passing by an operation. */
export interface Passing {
  readonly op: Op
  readonly point: string
  readonly n: number
}

/** After an operation has come about the agent still writes that its word was heard. */
export const afterwardsMs = 500

/**
 * Of images that are made, of what is done to volumes beside a machine's own, to memory, and in guests by their own agent; those are killed at in
 * agent/reconcile/crash.test.ts, at those of moves in move-crash.test.ts. Of what is counted, which the clock writes and no operation: that an agent dies there is
 * agent/metering/meter.test.ts's.
 */
const elsewhere =
  /^usage\.|^port\.(importer|backups|storage\.dropImage|compute\.(attach|detach|resize|switchDisks?|pause|suspend|mergeDisk|leave|arrive|adopt|abandon|stay|setGuestPassword|addGuestKeys)|volumes\.(grow|revert|merge|snapshot|keepMoment|removeSnapshot|send|take))\./
/** The crash points that the operations here pass. */
export const machinePoints: readonly string[] = points.filter(point => !elsewhere.test(point))

/** Those of a reboot that are its own: what it shares with the others is killed at in theirs. */
export function withoutRepeats(passings: readonly Passing[]): Passing[] {
  const others = new Set(passings.filter(({ op }) => op !== 'reboot').map(({ point }) => point))
  return passings.filter(({ op, point }) => op !== 'reboot' || !others.has(point))
}

/**
 * The crash points that `op` passes, each as often as in the shortest of some runs: writes share one where they meet. What a look at the wrong moment
 * brings in beside, such as attaching a disk that is there by then, is left out.
 */
export async function passingsOf(
  op: Op,
  { agent, fleet, stock }: { readonly agent: HaltingAgent; readonly fleet: Fleet; readonly stock: Stock },
  count = 2,
): Promise<Passing[]> {
  const runs: Map<string, number>[] = []
  for (let run = 0; run < count; run++) {
    const { token, machine } = await stock.subject(op)
    agent.forget()
    const id = await fleet.settled(op, token, machine)
    if (op === 'create') stock.add(id)
    await pause(afterwardsMs)
    const times = new Map<string, number>()
    for (const point of agent.passed().filter(one => machinePoints.includes(one))) times.set(point, (times.get(point) ?? 0) + 1)
    runs.push(times)
  }
  return [...(runs[0]?.keys() ?? [])].flatMap(point =>
    Array.from({ length: Math.min(...runs.map(times => times.get(point) ?? 0)) }, (_, at) => ({ op, point, n: at + 1 })),
  )
}
