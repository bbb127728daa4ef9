import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { ImageFile } from '@sirocco/shared/wire/objects.ts'
import type { Storage } from '../ports/storage.ts'
import type { ImageCache } from './image-cache.ts'

/** An image file's bytes, from wherever the composition gets them. It throws when they cannot be had now. */
export type FetchImage = (file: ImageFile) => AsyncIterable<Uint8Array>

interface Fetching {
  readonly done: Promise<Result<void>>
  /** How far it is, in percent. */
  percent: number
  readonly watchers: Set<(percent: number) => void>
}

const spoilt = (kept: Result<void>): Result<void> =>
  kept.ok || kept.fault.code !== 'invalid'
    ? kept
    : refuse('invalid', 'the image is damaged in the store of image bytes; import it again, or choose another', {
        detail: kept.fault.detail ?? kept.fault.message,
      })

/** Image files on one host: each is fetched once, however many machines wait for it. */
export class ImageRoom {
  readonly #storage: Storage
  readonly #fetch: FetchImage
  readonly #cache: ImageCache | null
  readonly #fetching = new Map<string, Fetching>()

  constructor(storage: Storage, fetch: FetchImage, cache: ImageCache | null = null) {
    this.#cache = cache
    this.#storage = storage
    this.#fetch = fetch
  }

  /** Keeps all files that are not here; says how far it is, in percent of all bytes that were missing. */
  async keep(files: readonly ImageFile[], progress: (percent: number) => void): Promise<Result<void>> {
    for (const { sha256 } of files) await this.#cache?.use(sha256)
    const missing: ImageFile[] = []
    for (const file of files) if (!(await this.#storage.has(file.sha256))) missing.push(file)
    const all = missing.reduce((sum, file) => sum + file.bytes, 0)
    let before = 0
    for (const file of missing) {
      const result = await this.#keepOne(file, part => progress(Math.floor((100 * (before + (part * file.bytes) / 100)) / all)))
      if (!result.ok) return result
      before += file.bytes
    }
    return ok(undefined)
  }

  async #keepOne(file: ImageFile, progress: (percent: number) => void): Promise<Result<void>> {
    const fetching = this.#fetching.get(file.sha256) ?? this.#begin(file)
    fetching.watchers.add(progress)
    progress(fetching.percent)
    try {
      return await fetching.done
    } finally {
      fetching.watchers.delete(progress)
    }
  }

  #begin(file: ImageFile): Fetching {
    const watchers = new Set<(percent: number) => void>()
    const keep = () =>
      this.#storage.keep(
        file,
        this.#counted(file, percent => {
          fetching.percent = percent
          for (const watcher of watchers) watcher(percent)
        }),
      )
    const begin = () => (this.#cache ? this.#cache.fetching(file.sha256, file.bytes, keep) : keep())
    const done = begin()
      // What was spoilt on the way comes whole the second time; what lies spoilt in the store never does.
      .then(async kept => (kept.ok || kept.fault.code !== 'invalid' ? kept : spoilt(await keep())))
      .catch((error: unknown) => refuse('unavailable', 'the image cannot be fetched now', { detail: String(error) }))
      .finally(() => this.#fetching.delete(file.sha256))
    const fetching: Fetching = { done, watchers, percent: 0 }
    this.#fetching.set(file.sha256, fetching)
    return fetching
  }

  async *#counted(file: ImageFile, progress: (percent: number) => void): AsyncIterable<Uint8Array> {
    let bytes = 0
    for await (const part of this.#fetch(file)) {
      bytes += part.byteLength
      progress((100 * bytes) / file.bytes)
      yield part
    }
  }
}
