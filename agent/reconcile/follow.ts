import type { Clock } from '@sirocco/shared/kit/clock.ts'
import type { Fault, Result } from '@sirocco/shared/kit/fault.ts'
import { type Attempt, executors, isMachineStep } from './apply.ts'
import type { Entry } from './facts.ts'
import type { Journal } from './journal.ts'
import type { Plan, Step } from './plan.ts'

/** What following a plan needs beside the attempt itself. */
export interface Following {
  readonly journal: Journal
  readonly clock: Clock
  /** Has a newer intent come, or is this life over? */
  superseded(): boolean
  /** Waits for what others may wait for, too. */
  aside<T>(wait: () => Promise<T>): Promise<T | 'interrupted'>
  /** Does what takes long and must come to its own end. */
  apart<T>(work: () => Promise<T>): Promise<T>
  /** Looks at what runs on the host. */
  refresh(): Promise<void>
}

export interface StepFault {
  readonly step: Step
  readonly fault: Fault
}

/** Steps after which the hypervisor must be looked at before anything is said. */
const touching: ReadonlySet<Step> = new Set(['start', 'pause', 'suspend', 'cut', 'undefine', 'leave', 'adopt', 'refuse', 'stay'])
const touches = (step: Step): boolean => touching.has(step)

/** Does the steps of a plan in their order; ends early, and well, where it is superseded. What is done is written with the next intent. */
export async function follow(attempt: Attempt, { steps, settle }: Plan, following: Following): Promise<StepFault | null> {
  const { journal, clock, superseded } = following
  const { id, generation } = attempt.machine
  const run = (step: Step): Promise<Result<void> | 'interrupted'> =>
    step === 'fetch'
      ? following.aside(() => executors.fetch(attempt))
      : step === 'leave'
        ? following.apart(() => executors.leave(attempt))
        : executors[step](attempt)
  let owed: Entry[] = []
  for (const step of steps) {
    if (superseded()) break
    if (isMachineStep(step)) {
      await journal.write([...owed, { note: 'intent', machine: id, generation, step, at: clock.now() }])
      owed = []
    }
    if (superseded()) break
    const outcome = await run(step)
    if (outcome === 'interrupted') break
    if (!outcome.ok) {
      await journal.write(owed)
      await following.refresh()
      return { step, fault: outcome.fault }
    }
    if (isMachineStep(step)) owed.push({ note: 'done', machine: id, generation, step })
    if (touches(step)) await following.refresh()
  }
  attempt.progress(null)
  if (settle && !superseded())
    owed.push({ note: 'settled', machine: id, generation, ...(settle.fault ? { fault: settle.fault } : {}) })
  await journal.write(owed)
  return null
}
