import type { Fault, Said } from '@sirocco/shared/kit/fault.ts'
import type { Id, Noun } from '@sirocco/shared/kit/id.ts'
import type { OperationKind, OperationState } from '@sirocco/shared/model/operations/states.ts'

/** What an operation is about: the noun that its kind begins with. */
export type SubjectId = Id<OperationKind extends `${infer N extends Noun}.${string}` ? N : never>

/** What a person asked of an operation under way: to go no further (`cancel`), or (an admin, of a stuck one) to end as failed. */
export type OperationAsk = 'cancel' | 'fail'

/** A durable workflow's row. Ends in done, failed, cancelled or superseded; stuck waits for an admin. */
export interface Operation {
  readonly id: Id<'operation'>
  readonly kind: OperationKind
  /** Of the workflow's definition: kept until no row names it. */
  readonly workflow: number
  readonly project: Id<'project'>
  readonly subject: SubjectId
  /** The machine that it moves, where its subject is a move. */
  readonly machine?: Id<'machine'> | null
  /** The intent that it pursues; a newer one supersedes it. */
  readonly generation: number
  readonly state: OperationState
  /** Index of the step that is next (while undoing: of the step to undo). */
  readonly step: number
  readonly tries: number
  /** Of the row: every write names the version it read, so that only one runner lands a step. */
  readonly version: number
  /** When it is due; null once ended. */
  readonly wakeAt: number | null
  /** Why it is waiting, in one line, for the person who waits. */
  readonly waiting: string | null
  /** The same by its key in the catalogue of messages, where it has one. */
  readonly waitingSaid: Pick<Said, 'key' | 'params'> | null
  /** Since when it waits at this step; ms since the epoch. */
  readonly waitingSince: number | null
  readonly fault: Fault | null
  /** Honoured at its next wake. */
  readonly asked: OperationAsk | null
  /** What it was in when it got stuck: there it goes on. */
  readonly stuckIn: OperationState | null
  readonly createdAt: number
  readonly endedAt: number | null
}
