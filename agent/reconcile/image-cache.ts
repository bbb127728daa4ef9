import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Storage } from '../ports/storage.ts'
import type { Volumes } from '../ports/volumes.ts'
import type { Journal } from './journal.ts'
import type { Log } from './reconciler.ts'

export interface CacheParts {
  readonly storage: Pick<Storage, 'images' | 'dropImage' | 'room'>
  readonly volumes: Pick<Volumes, 'bases'>
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  /** Contents that something wanted here needs; null while that is not known for sure. */
  readonly needed: () => ReadonlySet<string> | null
}

/** Uses within this time of the last that was written down are not. Milliseconds. */
const usePause = 60_000

/** Which image files stay on a host: all, until the pool is short of room; then those go that were used longest ago and that nothing stands on. */
export class ImageCache {
  readonly #parts: CacheParts
  /** What is fetched now, and what is dropped. */
  readonly #fetching = new Set<string>()
  readonly #dropping = new Map<string, Promise<unknown>>()
  #running: Promise<void> | null = null

  constructor(parts: CacheParts) {
    this.#parts = parts
  }

  /** Somebody is about to stand on it: resolves when it is not just being dropped. */
  async use(sha256: string): Promise<void> {
    const { journal, clock } = this.#parts
    await this.#dropping.get(sha256)
    const last = journal.imageUsed(sha256)
    const now = clock.now()
    if (last === undefined || now < last || now - last > usePause) await journal.write([{ note: 'image', sha256, usedAt: now }])
  }

  /** It comes now, and so many bytes with it: room is made first where there is none. */
  async fetching<T>(sha256: string, bytes: number, run: () => Promise<T>): Promise<T> {
    this.#fetching.add(sha256)
    try {
      await this.evict(bytes)
      return await run()
    } finally {
      this.#fetching.delete(sha256)
    }
  }

  /** Drops what may go, where the pool is short of room for `coming` bytes more; once at a time. */
  async evict(coming = 0): Promise<void> {
    while (this.#running) await this.#running
    this.#running = this.#evict(coming).catch(error => {
      this.#parts.log('warn', 'images cannot be evicted now', { error: String(error) })
    })
    try {
      await this.#running
    } finally {
      this.#running = null
    }
  }

  async #evict(coming: number): Promise<void> {
    const { storage, volumes, journal, log } = this.#parts
    const [room, images] = await Promise.all([storage.room(), storage.images()])
    if (!images.ok) return
    const all = images.value.reduce((sum, { bytes }) => sum + bytes, 0)
    let over = excess({ ...room, all, coming })
    if (over <= 0 || this.#parts.needed() === null) return
    const bases = await volumes.bases()
    if (!bases.ok) return
    const stoodOn = new Set(bases.value)
    const oldest = [...images.value].sort((a, b) => (journal.imageUsed(a.sha256) ?? 0) - (journal.imageUsed(b.sha256) ?? 0))
    for (const { sha256, bytes } of oldest) {
      if (over <= 0) return
      if (stoodOn.has(sha256) || !this.#mayGo(sha256)) continue
      await journal.write([{ note: 'image', sha256, usedAt: null }])
      // It may be wanted since; from here to the drop nothing comes between.
      if (!this.#mayGo(sha256)) continue
      const dropping = storage.dropImage(sha256)
      this.#dropping.set(sha256, dropping)
      const dropped = await dropping.finally(() => this.#dropping.delete(sha256))
      log('info', 'an image was evicted from this host', { sha256, bytes, ...(dropped.ok ? {} : { fault: dropped.fault }) })
      if (dropped.ok) over -= bytes
    }
  }

  #mayGo(sha256: string): boolean {
    const needed = this.#parts.needed()
    return needed !== null && !needed.has(sha256) && !this.#fetching.has(sha256)
  }
}

/** Bytes that images must give up: until so much is free as shall be, and until they are no larger a part of the pool than they may be. */
export function excess(of: {
  readonly freeBytes: number
  readonly totalBytes: number
  /** Of all images here, and of what comes. */
  readonly all: number
  readonly coming: number
}): number {
  const free = Math.min(limits.imageCacheFree, of.totalBytes * limits.imageCacheFreeShare)
  return Math.ceil(Math.max(free + of.coming - of.freeBytes, of.all + of.coming - of.totalBytes * limits.imageCacheShare))
}
