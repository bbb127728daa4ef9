import type { Operation } from '../api/types.ts'

/** `goOn` and `fail` are an admin's words on a stuck operation. */
export type OperationButton = 'retry' | 'cancel' | 'goOn' | 'fail'
export type OperationRest = NonNullable<Operation['allowed']['retry']> | 'role'

interface Offered {
  readonly which: OperationButton
  /** Why it rests; null: it can be pressed. */
  readonly rest: OperationRest | null
}

/** What is offered of an operation: nothing once there is nothing to do about it; what rests says why. */
export function operationButtons({ state, allowed, waiting }: Operation, role: string): readonly Offered[] {
  if (role === 'viewer') return []
  if (state === 'stuck')
    return (['goOn', 'fail'] as const).map(which => ({ which, rest: role === 'admin' ? allowed.resolve : 'role' }))
  if (state === 'failed' || state === 'cancelled') return allowed.retry === null ? [{ which: 'retry', rest: null }] : []
  if (state !== 'running' && state !== 'parked' && state !== 'undoing') return []
  return [
    ...(waiting === null ? [] : [{ which: 'retry', rest: allowed.retry } as const]),
    { which: 'cancel', rest: allowed.cancel },
  ]
}
