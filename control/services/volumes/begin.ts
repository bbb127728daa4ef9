import type { Id } from '@sirocco/shared/kit/id.ts'
import type { OperationKind } from '@sirocco/shared/model/operations/states.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'
import type { Context } from '../verb.ts'

/** An operation on a volume, snapshot or backup, and the event that it was asked for. */
export function begin(
  { ids, principal: { project } }: Context,
  kind: Exclude<OperationKind, `machine.${string}`>,
  subject: Id<'volume' | 'snapshot' | 'backup'>,
  generation: number,
): { readonly operation: Id<'operation'>; readonly changes: readonly Change[] } {
  const operation = ids.make('operation')
  return {
    operation,
    changes: [
      {
        do: 'operation.start',
        operation: { id: operation, kind, workflow: workflowVersions[kind], project, subject, generation },
      },
      { do: 'event', project, type: `${kind}.asked`, subject, data: { operation, generation } },
    ],
  }
}
