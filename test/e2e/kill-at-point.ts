import { setTimeout as pause } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import type { HaltingAgent } from './halting-agent.ts'
import { afterwardsMs, type Passing } from './points-passed.ts'
import type { Subject } from './stock.ts'

/** Where writes are shared, an operation may pass a point less often than another did. */
const tries = 3

export interface Kill {
  readonly agent: HaltingAgent
  readonly fleet: Fleet
  /** What the next operation is asked for. */
  subject(): Promise<Subject>
  /** Kills, and starts again what nobody else would, while the agent stands at the point. */
  strike(): Promise<void>
  /** Throws where the end is not what it should be. */
  check(machine: string): Promise<void>
}

/** Has the agent halt where it passes the point for an operation, kills, and waits until all that was asked has come about. */
export async function killAtPoint({ op, point, n }: Passing, { agent, fleet, subject, strike, check }: Kill): Promise<void> {
  for (let at = 0; at < tries; at++) {
    const { token, machine } = await subject()
    agent.haltAt(point, n)
    if (agent.pid === 0) await agent.start()
    const wait = { up: false }
    const settled = fleet.settled(op, token, machine)
    // Whoever waits for it below is told of its failure.
    void settled
      .catch(() => undefined)
      .then(() => pause(afterwardsMs))
      .then(() => {
        wait.up = true
      })
    const halted = await agent.halted(wait)
    if (halted) await strike()
    await check(await settled)
    if (halted) return
  }
  throw new Error('this point was never passed')
}
