import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { ObjectName } from '@sirocco/shared/model/backups/table.ts'

/** One part of a blob that is put in several; `etag` is the store's word for it. */
export interface BlobPart {
  readonly n: number
  readonly etag: string
}

/**
 * Image bytes, by key: `images/<sha256>` is what machines boot from, `uploads/<image>/<n>` what somebody brings,
 * `backups/<volume>/<backup>/<level>/<index>` what volumes held. At the edge R2; on one
 * machine a folder behind the same interface. A put that is repeated lands once; what does not answer is `unavailable`.
 */
export interface Blobs {
  /** null where there is none. `range` is `bytes=a-b` as HTTP's. */
  get(
    key: string,
    range?: { offset: number; length?: number },
  ): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null>
  /** In bytes; null where there is none. */
  size(key: string): Promise<number | null>
  /** A whole blob of exactly so many bytes; `invalid` where `sha256` (hex) is not theirs. */
  put(key: string, body: ReadableStream<Uint8Array>, sha256: string | null): Promise<Result<void>>
  /** Those whose keys begin so, at most 10,000. */
  list(prefix: string): Promise<Result<readonly { key: string; bytes: number }[]>>
  /** Also where they are gone. */
  remove(keys: readonly string[]): Promise<Result<void>>
  /** A blob in parts, all but the last of one size: nothing is seen of it before `complete`. What is never completed is dropped by the store itself. */
  begin(key: string): Promise<Result<string>>
  part(key: string, upload: string, n: number, body: ReadableStream<Uint8Array>): Promise<Result<BlobPart>>
  complete(key: string, upload: string, parts: readonly BlobPart[]): Promise<Result<void>>
}

/** Keys that one list tells at most. */
export const listed = 10_000

/** Where an object of a volume's backups lies: with those of the backup that made it. */
export const backupObject = (volume: string, { maker, level, index }: ObjectName): string =>
  `${backupObjects(volume, maker)}${level}/${index}`
export const backupObjects = (volume: string, maker: string): string => `backups/${volume}/${maker}/`
/** Where a part of an upload lies. */
export const uploadedPart = (image: string, n: number): string => `uploads/${image}/${String(n).padStart(6, '0')}`
export const uploadedParts = (image: string): string => `uploads/${image}/`
export const imageBytes = (sha256: string): string => `images/${sha256}`
