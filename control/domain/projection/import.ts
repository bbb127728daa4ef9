import { limits } from '@sirocco/shared/model/limits.ts'
import type { ImportSource, WantedImport } from '@sirocco/shared/wire/imports.ts'

/** What a host whose agent converts is to make. */
export const wantedImport = ({
  id,
  generation,
  source,
}: {
  readonly id: string
  readonly generation: number
  readonly source: ImportSource
}): WantedImport => ({
  kind: 'import',
  id,
  generation,
  source,
  maxBytes: limits.imageBytes,
  maxVirtualBytes: limits.imageVirtualBytes,
})
