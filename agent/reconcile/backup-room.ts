import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Backups } from '../ports/backups.ts'

interface Bringing {
  readonly done: Promise<Result<void>>
  readonly abort: AbortController
  told: (percent: number) => void
}

/** What backups hold on its way to one host: each volume's is brought once, however often it is asked for. */
export class BackupRoom {
  readonly #backups: Backups | null
  readonly #bringing = new Map<string, Bringing>()
  #wanted: readonly string[] | null = null

  constructor(backups: Backups | null) {
    this.#backups = backups
  }

  /** Brings what a volume begins with, in front of the volumes port. */
  async bring({ id, sizeMiB }: WantedVolume, backup: string, told: (percent: number) => void): Promise<Result<void>> {
    if (!this.#backups) return refuse('unsupported', 'this host restores no backups; ask an administrator')
    const bringing = this.#bringing.get(id) ?? this.#begin(this.#backups, { id, sizeMiB }, backup)
    bringing.told = told
    return bringing.done
  }

  /** Backups that are taken here and volumes made from some; what is kept of others goes. */
  wanted(ids: readonly string[]): void {
    const before = this.#wanted
    this.#wanted = ids
    const now = new Set(ids)
    if (before?.every(id => now.has(id))) return
    const ended = [...this.#bringing].flatMap(([id, { abort, done }]) => {
      if (now.has(id)) return []
      abort.abort()
      return [done]
    })
    void Promise.all(ended)
      .then(() => this.#backups?.keepOnly(this.#wanted ?? []))
      .catch(() => undefined)
  }

  /** Ends this life: what is under way is brought again by the next. */
  end(): void {
    for (const { abort } of this.#bringing.values()) abort.abort()
  }

  #begin(backups: Backups, volume: { readonly id: string; readonly sizeMiB: number }, backup: string): Bringing {
    const abort = new AbortController()
    const done = backups
      .bring(volume, backup, percent => bringing.told(percent), abort.signal)
      .catch((error: unknown) => refuse('unavailable', 'the backup cannot be brought here now', { detail: String(error) }))
      .finally(() => this.#bringing.delete(volume.id))
    const bringing: Bringing = { done, abort, told: () => {} }
    this.#bringing.set(volume.id, bringing)
    return bringing
  }
}
