import type { Disk } from '@sirocco/agent/ports/disk.ts'
import { below, chance, type Random } from '@sirocco/shared/kit/random.ts'
import type { Life } from './life.ts'

interface File {
  /** What a power cut cannot take; null: not even the name. */
  synced: string | null
  current: string
  /** Was `current` put in its place by a rename that is not on the platter yet? */
  renamed: boolean
}

/** Milliseconds that an fsync takes at most. */
const slowestSync = 12
/** Milliseconds after which a disk that lies writes what it answered for. */
const lazy = 1_000

/**
 * The disk of one simulated machine. It outlives processes and reboots. A process that dies loses nothing that it had written; a
 * power cut loses what was not synced yet: of an append any prefix stays, of a replace the old content or the new.
 */
export class SimulatedDisk {
  readonly #files = new Map<string, File>()
  readonly #random: Random
  /** Why every write fails; null: none does. */
  broken: string | null = null
  /** False: answers at once, and writes when it comes to it, unless the process has died by then. */
  honest = true

  constructor(random: Random) {
    this.#random = random
  }

  /** The disk as one process sees it. Writes of one file happen in the order in which they were asked. */
  of(life: Life): Disk {
    const free = new Map<string, number>()
    const turn = async (name: string) => {
      const now = life.timers.now()
      const at = Math.max(now, free.get(name) ?? now) + 1 + below(this.#random, slowestSync)
      free.set(name, at)
      await life.pause(at - now)
    }
    return {
      read: async name => {
        await life.pause(0)
        return this.#files.get(name)?.current ?? null
      },
      append: async (name, line) => {
        this.#refuseBroken()
        const write = () => {
          const file = this.#files.get(name) ?? { synced: null, current: '', renamed: false }
          this.#files.set(name, { ...file, current: file.current + line })
        }
        if (!this.honest) {
          life.timers.after(lazy, write)
          return
        }
        write()
        await turn(name)
        this.#sync(name)
      },
      replace: async (name, content) => {
        this.#refuseBroken()
        await turn(name)
        this.#files.set(name, { synced: this.#files.get(name)?.synced ?? null, current: content, renamed: true })
        await turn(name)
        this.#sync(name)
      },
    }
  }

  /** Removes a file, as nobody should. */
  lose(name: string): void {
    this.#files.delete(name)
  }

  powerCut(): void {
    for (const [name, { synced, current, renamed }] of this.#files) {
      const under = synced ?? ''
      const kept = renamed
        ? chance(this.#random, 0.5)
          ? current
          : synced
        : current.slice(0, under.length + below(this.#random, current.length - under.length + 1))
      if (kept === null) this.#files.delete(name)
      else this.#files.set(name, { synced: kept, current: kept, renamed: false })
    }
  }

  #sync(name: string): void {
    const file = this.#files.get(name)
    if (file) this.#files.set(name, { synced: file.current, current: file.current, renamed: false })
  }
  #refuseBroken(): void {
    if (this.broken !== null) throw new Error(this.broken)
  }
}
