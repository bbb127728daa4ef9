import type { Operation as OperationJson } from '@sirocco/shared/api/operations.ts'
import type { Operation } from '../../../domain/operations/operation.ts'
import { reasonOf } from './reason.ts'
import { orNull, time } from './time.ts'

export const operationJson = (operation: Operation): OperationJson => ({
  id: operation.id,
  kind: operation.kind,
  machine: operation.machine ?? operation.subject,
  state: operation.state,
  waiting: operation.waiting,
  fault: reasonOf(operation.fault),
  generation: operation.generation,
  createdAt: time(operation.createdAt),
  endedAt: orNull(operation.endedAt),
})
