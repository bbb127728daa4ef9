import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { ImportResult, SeenImport } from '@sirocco/shared/wire/imports.ts'
import type { Image } from './image.ts'

/** What follows from a look at an image that is being made. */
export interface NoticedImport {
  readonly appliedGeneration: number
  readonly progress: string | null
  readonly fault: Fault | null
  readonly result: ImportResult | null
  readonly digest: string
  /** Whoever waits for it should look. */
  readonly wake: boolean
}

/** What `seen` says that is new; null where it says what is known. */
export function noticeImport(image: Image, seen: SeenImport): NoticedImport | null {
  const known = digest(seen)
  if (image.import?.observed?.digest === known) return null
  const { applied, progress = null, fault, result = null } = seen
  return {
    appliedGeneration: applied,
    progress,
    fault: fault
      ? { code: fault.code, message: fault.message, ...(fault.detail === undefined ? {} : { detail: fault.detail }) }
      : null,
    result,
    digest: known,
    wake: applied >= image.generation,
  }
}
