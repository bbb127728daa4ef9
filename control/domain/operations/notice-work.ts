import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'

/** What a host says of a work that it was given. */
interface Told<R> {
  readonly applied: number
  readonly progress?: string | undefined
  readonly fault?: { readonly code: Fault['code']; readonly message: string; readonly detail?: string | undefined } | undefined
  readonly result?: R | undefined
}

/** What follows from a look at it. */
export interface NoticedWork<R> {
  readonly appliedGeneration: number
  readonly progress: string | null
  readonly fault: Fault | null
  readonly result: R | null
  readonly digest: string
  /** Whoever waits for it should look. */
  readonly wake: boolean
}

/** What is new in `seen`; null where it says what is known, which is `before`. */
export function noticeWork<R>(before: string | null, generation: number, seen: Told<R>): NoticedWork<R> | null {
  const known = digest(seen)
  if (before === known) return null
  const { applied, progress = null, fault, result } = seen
  return {
    appliedGeneration: applied,
    progress,
    fault: fault
      ? { code: fault.code, message: fault.message, ...(fault.detail === undefined ? {} : { detail: fault.detail }) }
      : null,
    result: result ?? null,
    digest: known,
    wake: applied >= generation,
  }
}
