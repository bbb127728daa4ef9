import type { Said } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { OperationRefusal } from '@sirocco/shared/model/operations/permits.ts'

/** Why an operation cannot be retried, cancelled or resolved, as the person who asked should read it. */
export const becauseOperation = (reason: OperationRefusal): Said => say(`operation.${reason}`)
