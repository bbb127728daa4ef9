import type { Fault } from '@sirocco/shared/kit/fault.ts'

/** A Fault that something ended with, without what is the operator's. */
export const reasonOf = (fault: Fault | null): Pick<Fault, 'code' | 'message'> | null =>
  fault === null ? null : { code: fault.code, message: fault.message }
