import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { OperationRefusal, OperationVerb } from '@sirocco/shared/model/operations/permits.ts'
import { becauseOperation } from '../../domain/operations/because.ts'
import type { Operation } from '../../domain/operations/operation.ts'
import type { Change } from '../../ports/changes.ts'
import type { Decision } from '../verb.ts'

/** What came of a word about an operation: the same one goes on, or these others do instead. */
export interface Asked {
  readonly operations: readonly Id<'operation'>[]
}

export const refused = (reason: OperationRefusal, { id }: Operation) =>
  refuse('precondition', becauseOperation(reason), { field: id })

/** The operation itself is told: due now, in `to`. */
export function tell(
  verb: OperationVerb,
  { id, subject, version, kind, project }: Operation,
  to: Pick<Operation, 'state' | 'asked'>,
): Result<Decision<Asked>> {
  const changes: Change[] = [
    { do: 'operation.ask', operation: id, subject, version, to, log: { step: '', outcome: `${verb}: asked` } },
    { do: 'event', project, type: `operation.${verb}.asked`, subject, data: { operation: id, kind } },
  ]
  return ok({ answer: { operations: [id] }, subjects: [id], changes })
}
