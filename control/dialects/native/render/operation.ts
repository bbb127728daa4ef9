import type { Operation as OperationJson } from '@sirocco/shared/api/operations.ts'
import { adviceOf, operationRefusal } from '@sirocco/shared/model/operations/permits.ts'
import type { Operation } from '../../../domain/operations/operation.ts'
import { givesUpAt, stepsOf } from '../../../domain/operations/workflows.ts'
import { reasonOf } from './reason.ts'
import { orNull, time } from './time.ts'

export const operationJson = (operation: Operation): OperationJson => ({
  id: operation.id,
  kind: operation.kind,
  // Of a move, the machine.
  subject: operation.machine ?? operation.subject,
  state: operation.state,
  steps: stepsOf(operation).map((name, index) => ({ name, state: stepState(operation, index) })),
  waiting: operation.waiting,
  waitingSaid: operation.waitingSaid && { key: operation.waitingSaid.key, params: { ...operation.waitingSaid.params } },
  waitingSince: orNull(operation.waiting === null ? null : operation.waitingSince),
  looksAgainAt: orNull(operation.wakeAt),
  givesUpAt: orNull(operation.wakeAt === null ? null : givesUpAt(operation)),
  advice: adviceOf(operation),
  allowed: {
    retry: operationRefusal('retry', operation),
    cancel: operationRefusal('cancel', operation),
    resolve: operationRefusal('resolve', operation),
  },
  fault: reasonOf(operation.fault),
  generation: operation.generation,
  createdAt: time(operation.createdAt),
  endedAt: orNull(operation.endedAt),
})

type StepState = OperationJson['steps'][number]['state']

/** `operation.step` is the one that is next; while undoing, the one to undo. */
function stepState({ state, step, stuckIn }: Operation, index: number): StepState {
  if (state === 'done' || (index < step && stuckIn !== 'undoing' && state !== 'undoing')) return 'done'
  if (state === 'undoing' || stuckIn === 'undoing') return index < step ? 'done' : index === step ? 'undoing' : 'left'
  if (index > step) return state === 'running' || state === 'parked' || state === 'stuck' ? 'pending' : 'left'
  return state === 'failed' || state === 'stuck' ? 'failed' : state === 'superseded' || state === 'cancelled' ? 'left' : 'current'
}
