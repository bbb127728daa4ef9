import { limits } from '@sirocco/shared/model/limits.ts'
import type { Power } from '@sirocco/shared/model/machines/states.ts'
import type { FoundMachine } from '../ports/compute.ts'
import type { Cause, Entry, FactFault, MachineFacts, MachineStep } from './facts.ts'
import { isComing, type MoveView, planMove } from './plan-move.ts'

/** One thing to do for a machine. `network`, `fetch` and `unplug` are shared by many, the rest touch this one only. */
export type Step = MachineStep | 'network' | 'fetch' | 'unplug'

/** What is wanted of one machine, what the hypervisor shows of it, what the journal knows. Times in milliseconds. */
export interface View {
  readonly id: string
  readonly wanted: { readonly generation: number; readonly power: Power; readonly move?: MoveView | undefined } | undefined
  readonly found: FoundMachine | undefined
  readonly facts: MachineFacts
  readonly now: number
}

/** Steps in their order; when all are done the intent is settled, if `settle` says so. `wakeMs`: look again then. */
export interface Plan {
  readonly steps: readonly Step[]
  readonly settle?: { readonly fault?: FactFault }
  readonly wakeMs?: number
}

const nothing: Plan = { steps: [] }
const settled: Plan = { steps: [], settle: {} }
const run: Plan = { steps: ['network', 'fetch', 'prepare', 'define', 'start'] }
/** What stands still goes on as it was: disk and definition are those it stopped with. */
const goOn: Plan = { steps: ['network', 'start'] }

export const isOn = (found: FoundMachine | undefined): boolean =>
  found !== undefined && (found.power === 'running' || found.power === 'paused' || found.power === 'stopping')

/** Does it hold memory, in the host or on disk? */
export const isUp = (found: FoundMachine | undefined): boolean => isOn(found) || found?.power === 'suspended'

/** A change that nobody has written down yet: the machine went off, or is on though it was not known to be. */
export function noticed(view: View): Entry | null {
  if (isComing(view)) return null
  const { id, found, facts, now } = view
  const generation = Math.max(facts.generation, facts.started, 0)
  if (isOn(found)) return facts.up ? null : { note: 'up', machine: id, generation }
  const cause = found ? causeOf(found, facts, now) : 'unknown'
  // A start whose end was not written down: only a cause that takes a running guest shows that it happened.
  const ranUnnoticed = facts.step === 'start' && (cause === 'guest' || cause === 'crash') && facts.off === undefined
  if (!facts.up && !ranUnnoticed) return null
  return { note: 'off', machine: id, generation, cause, at: now }
}

function causeOf(found: FoundMachine, facts: MachineFacts, now: number): Cause {
  // The guest may do what an intent asked that is superseded by now.
  const pressed = facts.askedLast !== null && Math.abs(now - facts.askedLast) < 2 * limits.stopGrace
  if (found.power === 'suspended') return 'asked'
  if (pressed || facts.askedAt !== null || facts.step === 'cut') return 'asked'
  return found.power === 'crashed' ? 'crash' : found.cause
}

/** The next steps for one machine. Pure: run again after every change, until there are none. Without a wish nothing is touched. */
export function plan(view: View): Plan {
  const { wanted, facts } = view
  const move = planMove(view)
  if (move) return move
  if (!wanted || wanted.generation < facts.generation) return nothing
  if (facts.failing && facts.generation === wanted.generation && wanted.power !== 'gone')
    return { steps: removal(view), settle: { fault: facts.failing } }
  return plans[wanted.power](view, wanted.generation)
}

const plans = {
  on: planOn,
  off: planOff,
  cut: ({ found, facts }, generation) => (isUp(found) ? { steps: ['cut'] } : unlessSettled(facts, generation)),
  paused: (view, generation) => planStill(view, generation, 'pause', 'paused'),
  suspended: (view, generation) => planStill(view, generation, 'suspend', 'suspended'),
  'as-is': ({ facts }, generation) => unlessSettled(facts, generation),
  gone: (view, generation) => (view.facts.applied >= generation && !view.found ? nothing : { steps: removal(view), settle: {} }),
} satisfies Record<Power, (view: View, generation: number) => Plan>

const unlessSettled = (facts: MachineFacts, generation: number): Plan => (facts.applied >= generation ? nothing : settled)

const removal = ({ found }: View): Step[] => [
  ...(isUp(found) ? (['cut'] as const) : []),
  ...(found ? (['undefine'] as const) : []),
  'remove',
  'unplug',
]

function planOn({ found, facts, now }: View, generation: number): Plan {
  const reached = facts.applied >= generation
  if (reached && facts.fault) return nothing
  // A pause of the host's own, when its disk is full, ends by an intent only.
  if (found?.power === 'paused' && !reached) return goOn
  if (isOn(found)) return unlessSettled(facts, generation)
  if (found?.power === 'suspended') return goOn
  if (!reached && facts.started < generation) return run
  // It ran under this intent and is off: by what it went off decides.
  if (facts.off === 'guest') return unlessSettled(facts, generation)
  const recent = facts.crashes.filter(at => at > now - limits.crashWindow).length
  if (facts.off !== 'crash' || recent <= limits.crashes) return run
  const minutes = limits.crashWindow / 60_000
  return {
    steps: [],
    settle: { fault: { code: 'internal', message: `the machine crashed ${recent} times within ${minutes} minutes` } },
  }
}

/** Only what runs can come to stand still: one that went off has no memory left to keep, and is not started for it. */
function planStill({ found, facts }: View, generation: number, step: 'pause' | 'suspend', power: FoundMachine['power']): Plan {
  if (facts.applied >= generation) return nothing
  if (found?.power === power) return settled
  if (isOn(found)) return { steps: [step] }
  return { steps: [], settle: { fault: { code: 'precondition', message: 'the machine went off meanwhile; start it' } } }
}

function planOff({ found, facts, now }: View, generation: number): Plan {
  if (found?.power === 'suspended') return { steps: ['cut'] }
  if (!isOn(found)) return unlessSettled(facts, generation)
  const { askedAt, askedLast } = facts
  // A clock set back begins the guest's grace anew.
  if (facts.generation !== generation || askedAt === null || askedLast === null || askedAt > now)
    return { steps: ['ask-to-stop'] }
  const left = askedAt + limits.stopGrace - now
  if (left <= 0) return { steps: ['cut'] }
  const again = askedLast + limits.askAgain - now
  return again <= 0 ? { steps: ['ask-to-stop'] } : { steps: [], wakeMs: Math.min(left, again) }
}
