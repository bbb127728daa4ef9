import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedBackup } from '@sirocco/shared/wire/backups.ts'
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

/** What the host of a snapshot is to keep in the blob store. */
export const wantedBackup = ({
  id,
  generation,
  snapshot,
  volume,
  base,
}: {
  readonly id: string
  readonly generation: number
  readonly snapshot: string
  readonly volume: string
  readonly base: string | null
}): WantedBackup => ({ kind: 'backup', id, generation, snapshot, volume, base })
