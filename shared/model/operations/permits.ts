import { hasEnded, type OperationKind, type OperationState } from './states.ts'

/** What may be asked of an operation itself: do it again, give it up, or (admins) settle one that is stuck. */
export const operationVerbs = ['retry', 'cancel', 'resolve'] as const
export type OperationVerb = (typeof operationVerbs)[number]

export type OperationRefusal =
  | 'is_done'
  | 'is_over'
  | 'is_superseded'
  | 'is_cleaning_up'
  | 'is_stuck'
  | 'is_not_stuck'
  | 'never_ran'
  | 'is_outdated'
  | 'ask_anew'
  | 'took_effect'
  | 'must_finish'

/**
 * What each verb means in each state. The one table: services decide by it, the portal greys by it.
 * - accept: taken, by the row of its kind below
 * - any other word: refused, and why (a message key)
 */
export const operationPermits = {
  /** Where it waits: now instead of later. Where it failed: the same asked again, as a new operation. */
  retry: {
    running: 'accept',
    parked: 'accept',
    undoing: 'accept',
    done: 'is_done',
    failed: 'accept',
    cancelled: 'accept',
    superseded: 'is_superseded',
    stuck: 'is_stuck',
  },
  cancel: {
    running: 'accept',
    parked: 'accept',
    undoing: 'is_cleaning_up',
    done: 'is_over',
    failed: 'is_over',
    cancelled: 'is_over',
    superseded: 'is_over',
    stuck: 'is_stuck',
  },
  resolve: {
    running: 'is_not_stuck',
    parked: 'is_not_stuck',
    undoing: 'is_not_stuck',
    done: 'is_not_stuck',
    failed: 'is_not_stuck',
    cancelled: 'is_not_stuck',
    superseded: 'is_not_stuck',
    stuck: 'accept',
  },
} as const satisfies Record<OperationVerb, Record<OperationState, 'accept' | OperationRefusal>>

interface KindPermit {
  /**
   * What cancelling means. `delete`: the machine is deleted, as if that had been asked. `end`: it goes no further, and what it did
   * outside is undone where it can be. Any other word: refused.
   */
  readonly cancel: 'delete' | 'end' | OperationRefusal
  /** What doing it again means once it failed. */
  readonly again: 'accept' | OperationRefusal
  /** May an admin end it as failed where it is stuck? Otherwise it can only go on. */
  readonly fails: boolean
}

/** What the workflow of each kind permits. */
export const kindPermits = {
  'machine.create': { cancel: 'delete', again: 'never_ran', fails: true },
  'machine.start': { cancel: 'took_effect', again: 'accept', fails: true },
  'machine.stop': { cancel: 'took_effect', again: 'accept', fails: true },
  /** A host that has heard it already still does it. */
  'machine.reboot': { cancel: 'end', again: 'accept', fails: true },
  /** Where these fail, the machine is wanted as it is seen: a newer intent than theirs. */
  'machine.pause': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'machine.suspend': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'machine.resume': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  /** Once its host has stopped it there is no way back but to ask for one. */
  'machine.rescue': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'machine.unrescue': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'machine.delete': { cancel: 'must_finish', again: 'is_over', fails: false },
  /** Asked by fencing its host, which may be fenced again. */
  'machine.recover': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'machine.adopt': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'volume.create': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'volume.attach': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'volume.detach': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'volume.grow': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'volume.revert': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'volume.delete': { cancel: 'must_finish', again: 'is_over', fails: false },
  'snapshot.create': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'snapshot.delete': { cancel: 'must_finish', again: 'is_over', fails: false },
  /** Given up, the backup is failed, and its host lets it go. */
  'backup.create': { cancel: 'end', again: 'ask_anew', fails: true },
  'backup.delete': { cancel: 'must_finish', again: 'is_over', fails: false },
  /** The agent goes on with it; asked anew, it is told anew. */
  'host.upgrade': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  'orphan.remove': { cancel: 'must_finish', again: 'is_over', fails: false },
  'host.fence': { cancel: 'took_effect', again: 'ask_anew', fails: true },
  /** Given up, the image is failed, and its converting host lets it go. */
  'image.import': { cancel: 'end', again: 'ask_anew', fails: true },
  'image.capture': { cancel: 'end', again: 'ask_anew', fails: true },
  'image.delete': { cancel: 'must_finish', again: 'is_over', fails: false },
  /** Whatever is asked of its machine meanwhile calls it off; it ends only where one host has said that the machine is there. */
  'migration.run': { cancel: 'took_effect', again: 'ask_anew', fails: false },
  /** Ended by the host's return. */
  'host.maintain': { cancel: 'took_effect', again: 'ask_anew', fails: true },
} as const satisfies Record<OperationKind, KindPermit>

/** Why a verb may not be asked of an operation now; null: it may. What the portal greys by. */
export function operationRefusal(
  verb: OperationVerb,
  { kind, state }: { readonly kind: OperationKind; readonly state: OperationState },
): OperationRefusal | null {
  const verdict = operationPermits[verb][state]
  if (verdict !== 'accept') return verdict
  const { cancel, again }: KindPermit = kindPermits[kind]
  if (verb === 'cancel') return cancel === 'delete' || cancel === 'end' ? null : cancel
  if (verb === 'retry' && hasEnded(state)) return again === 'accept' ? null : again
  return null
}

/** What a person should do next about an operation: a message key. */
export type OperationAdvice = 'wait' | 'retry' | 'launch_again' | 'ask_anew' | 'ask_admin' | 'nothing'
export function adviceOf(operation: { readonly kind: OperationKind; readonly state: OperationState }): OperationAdvice {
  const { state } = operation
  if (state === 'stuck') return 'ask_admin'
  if (state === 'done' || state === 'superseded' || state === 'cancelled') return 'nothing'
  if (state !== 'failed') return 'wait'
  const why = operationRefusal('retry', operation)
  if (why === null) return 'retry'
  return why === 'never_ran' ? 'launch_again' : why === 'ask_anew' ? 'ask_anew' : 'ask_admin'
}
