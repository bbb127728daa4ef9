import type { Id } from '@sirocco/shared/kit/id.ts'

/** `<noun>.<what>`: machine.launch, machine.state, operation.ended, … Thin: who cares reads the subject. */
export interface Event {
  /** The only cursor. */
  readonly seq: number
  readonly id: Id<'event'>
  readonly project: Id<'project'> | null
  readonly type: string
  readonly subject: string
  readonly data: Readonly<Record<string, unknown>>
  readonly at: number
}
