import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { ImportResult, WantedImport } from '@sirocco/shared/wire/imports.ts'
import type { FrozenDisk } from './volumes.ts'

/**
 * Makes images of what people bring, or of what a volume held: fetches, checks, converts, and puts the result into the blob store under its
 * content's name. Runs twice, lands once. Faults: `unavailable` where trying again may help; every other is the end of it, and says what to do.
 */
export interface Importer {
  /** `told` hears how far it is, in words. Ends soon after `signal`. `frozen`: what is made into an image, where that is a snapshot. */
  make(
    wanted: WantedImport,
    told: (progress: string) => void,
    signal: AbortSignal,
    frozen: FrozenDisk | null,
  ): Promise<Result<ImportResult>>
  /** Drops what is kept here for other imports than these. */
  keepOnly(ids: readonly string[]): Promise<void>
}
