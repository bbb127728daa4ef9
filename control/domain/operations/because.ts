import type { OperationRefusal } from '@sirocco/shared/model/operations/permits.ts'

const reasons: Record<OperationRefusal, string> = {
  is_done: 'it is done; ask for the same anew where it is wanted again',
  is_over: 'it has ended already',
  is_superseded: 'a newer request took its place; look at that one',
  is_cleaning_up: 'it is being given up already; wait until it has cleaned up',
  is_stuck: 'it is stuck; an administrator must resolve it',
  is_not_stuck: 'only a stuck operation is resolved; retry it, or cancel it',
  never_ran: 'the machine never ran and holds nothing any more; delete it and launch a new one',
  is_outdated: 'something newer was asked since; ask for what is wanted now',
  took_effect: 'its host was told already, and that cannot be taken back; ask for the opposite instead',
  must_finish: 'a delete cannot be taken back; it goes on until nothing is left',
}

/** Why an operation cannot be retried, cancelled or resolved, as the person who asked should read it. */
export const becauseOperation = (reason: OperationRefusal): string => reasons[reason]
