import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'

/** An intent on a machine, and the operation that pursues it. Its host is told by whoever lands these. */
export const intentChanges = (
  { id, project }: Machine,
  kind: Extract<keyof typeof workflowVersions, `machine.${string}`>,
  intent: Omit<Extract<Change, { do: 'machine.intent' }>, 'do'>,
  operation: Id<'operation'>,
): Change[] => [
  { do: 'machine.intent', ...intent },
  {
    do: 'operation.start',
    operation: { id: operation, kind, workflow: workflowVersions[kind], project, subject: id, generation: intent.generation },
  },
  { do: 'event', project, type: `${kind}.asked`, subject: id, data: { operation, generation: intent.generation } },
]
