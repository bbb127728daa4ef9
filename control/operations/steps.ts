import type { Fault, Result, Said } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { done, type Outcome, park, type Step, type StepContext } from './engine.ts'
import type { SubjectNoun } from './subjects.ts'

/** Of a host nothing observes what is wanted; of an image or backup its own making tells; a move is what two hosts say. */
type WatchedNoun = Exclude<SubjectNoun, 'host' | 'orphan' | 'image' | 'backup' | 'migration'>

/** Tells the cloud what is wanted of the machine now; that it is so is observed. */
export const ensure: Step = {
  name: 'ensure',
  async run({ world, subject: machine }) {
    const accepted = await world.clouds.of(machine.region).ensure(machine)
    return accepted.ok ? done() : accepted
  },
}

/** What the observer has come to at this operation's generation. */
export type Seen =
  | { readonly kind: 'pending'; readonly waiting: string | Said }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'applied' }

export function seenOf<N extends WatchedNoun>({ operation, subject }: StepContext<N>): Seen {
  const { observed }: Watched = subject
  if (observed && observed.appliedGeneration >= operation.generation)
    return observed.fault ? { kind: 'failed', fault: observed.fault } : { kind: 'applied' }
  return { kind: 'pending', waiting: waitingFor(subject) }
}

/** Whatever an observer tells of. */
interface Watched {
  readonly observerAlive: boolean
  readonly observed: {
    readonly appliedGeneration: number
    readonly progress: string | null
    readonly fault: Fault | null
  } | null
}

const waitingFor = ({ observerAlive, observed }: Watched): string | Said => {
  if (!observerAlive) return say('waiting.silent_host')
  return observed?.progress ?? say('waiting.host')
}

/** Parks until the observer has finished with this generation; then `arrived` says what that means. */
export const settled = <N extends WatchedNoun = 'machine'>(
  name: string,
  arrived: (context: StepContext<N>) => Result<Outcome>,
): Step<N> => ({
  name,
  async run(context) {
    const seen = seenOf(context)
    if (seen.kind === 'pending') return park(seen.waiting)
    return seen.kind === 'failed' ? { ok: false, fault: { ...seen.fault, code: finalCode(seen.fault) } } : arrived(context)
  },
})

/** The observer is finished with it: there is nothing left that a retry here could change. */
export const finalCode = ({ code }: Fault) =>
  code === 'unavailable' || code === 'throttled' || code === 'stale' ? 'internal' : code
