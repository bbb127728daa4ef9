import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { ObjectSet } from '@sirocco/shared/wire/delta.ts'
import type { Seen, SeenMachine, SeenMove, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { FoundSpec } from '@sirocco/shared/wire/orphans.ts'
import { isOn, noticed, type View } from './plan.ts'

/** Between two reports of a machine's progress. Milliseconds. */
const progressPause = 1_000
/** Of a progress's text, as the wire has it. */
const progressLength = 200

/** Of a machine, beside what is seen of it: how far its move is, or, of one that nobody asks for, what it is made of. */
interface Told {
  readonly move?: SeenMove | undefined
  readonly found?: FoundSpec | undefined
}

/** What is said of one host, and what is being done for each of its machines. */
export class Report {
  readonly seen = new ObjectSet<Seen>()
  readonly #clock: Clock
  readonly #progress = new Map<string, { readonly text: string; readonly at: number }>()
  #told: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls back after each change. */
  onChange(told: () => void): void {
    this.#told = told
  }

  put(object: Seen): void {
    if (digest(this.seen.get(object.kind, object.id) ?? null) === digest(object)) return
    this.seen.put(object)
    this.#told()
  }

  /** Says what is to be seen of a machine; `wanted` is what the view was made of. */
  show(view: View, wanted: WantedMachine | undefined, more: Told): void {
    if (view.wanted || view.found) this.put(seenOf(view, wanted, this.#progress.get(view.id)?.text, more))
  }

  /** Notes what is being done for the person who waits; false where the same was said within a second. */
  progress(id: string, text: string): boolean {
    const last = this.#progress.get(id)
    const now = this.#clock.now()
    if (last && kindOf(last.text) === kindOf(text) && Math.abs(now - last.at) < progressPause) return false
    this.#progress.set(id, { text: text.slice(0, progressLength), at: now })
    return true
  }
  progressOf(id: string): string | undefined {
    return this.#progress.get(id)?.text
  }
  progressEnds(id: string): void {
    this.#progress.delete(id)
  }

  machines(): string[] {
    return this.seen.values().flatMap(object => (object.kind === 'machine' ? [object.id] : []))
  }
  forget(id: string): void {
    this.drop('machine', id)
  }
  /** Of one kind. */
  ids(kind: Seen['kind']): string[] {
    return this.seen.values().flatMap(object => (object.kind === kind ? [object.id] : []))
  }
  /** Nothing is said of it any more. */
  drop(kind: Seen['kind'], id: string): void {
    this.#progress.delete(id)
    if (!this.seen.get(kind, id)) return
    this.seen.drop({ kind, id })
    this.#told()
  }
}

/** `40 %` and `41 %` are the same thing being done. */
const kindOf = (text: string) => text.replace(/\d+/g, '')

function seenOf(
  view: View,
  wanted: WantedMachine | undefined,
  progress: string | undefined,
  { move, found: spec }: Told,
): SeenMachine {
  const { id, found, facts } = view
  const change = noticed(view)
  const cause = change?.note === 'off' ? change.cause : isOn(found) ? undefined : facts.off
  return {
    kind: 'machine',
    id,
    applied: wanted ? Math.max(0, facts.applied) : -1,
    power: found?.power ?? 'absent',
    ...(cause && found ? { cause } : {}),
    ...(progress ? { progress } : {}),
    addresses: found && wanted ? wanted.ports.map(port => port.address) : [],
    ...(move ? { move } : {}),
    ...(spec && !wanted ? { found: spec } : {}),
    ...(facts.fault && wanted && facts.applied >= wanted.generation ? { fault: facts.fault } : {}),
  }
}
