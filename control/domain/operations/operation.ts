import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id, Noun } from '@sirocco/shared/kit/id.ts'

export const operationStates = ['running', 'parked', 'undoing', 'done', 'failed', 'superseded', 'stuck'] as const
export type OperationState = (typeof operationStates)[number]

export const operationKinds = [
  'machine.create',
  'machine.start',
  'machine.stop',
  'machine.reboot',
  'machine.delete',
  'migration.run',
  'host.maintain',
] as const
export type OperationKind = (typeof operationKinds)[number]
/** What an operation is about: the noun that its kind begins with. */
export type SubjectId = Id<OperationKind extends `${infer N extends Noun}.${string}` ? N : never>

/** A durable workflow's row. Ends in done, failed or superseded; stuck waits for an admin. */
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
  readonly fault: Fault | null
  readonly createdAt: number
  readonly endedAt: number | null
}
