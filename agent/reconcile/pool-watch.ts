import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedPlace } from '@sirocco/shared/wire/objects.ts'
import type { Volumes } from '../ports/volumes.ts'
import type { Report } from './report.ts'
import { wireFault } from './wire-fault.ts'

/** Looks, over and over, whether the pools of its zone are on this host, and says so: an admin mounts a directory, or a server is away. */
export class PoolWatch {
  readonly #volumes: Pick<Volumes, 'room'>
  readonly #report: Report
  readonly #timers: Timers
  #wanted: readonly WantedPlace[] = []
  #next: { cancel(): void } | null = null
  #looking = false
  #ended = false

  constructor(volumes: Pick<Volumes, 'room'>, report: Report, timers: Timers) {
    this.#volumes = volumes
    this.#report = report
    this.#timers = timers
  }

  wanted(pools: readonly WantedPlace[]): void {
    this.#wanted = pools
    for (const id of this.#report.ids('pool')) if (!pools.some(pool => pool.id === id)) this.#report.drop('pool', id)
    void this.#look()
  }

  end(): void {
    this.#ended = true
    this.#next?.cancel()
  }

  /** One look at a time: a server that hangs is not asked again before it has answered. */
  async #look(): Promise<void> {
    if (this.#looking || this.#ended || this.#wanted.length === 0) return
    this.#looking = true
    this.#next?.cancel()
    const looked = this.#wanted
    for (const { id, pool } of looked) {
      const room = await this.#volumes
        .room(pool)
        .catch((error: unknown) => ({ ok: false, fault: { code: 'unavailable', message: String(error) } }) as const)
      if (!this.#wanted.some(one => one.id === id)) continue
      this.#report.put({
        ...{ kind: 'pool', id },
        totalMiB: room.ok ? room.value.totalMiB : 0,
        ...(room.ok ? {} : { fault: wireFault(room.fault) }),
      })
    }
    this.#looking = false
    if (this.#ended) return
    if (this.#wanted !== looked) void this.#look()
    else this.#next = this.#timers.after(limits.poolLook, () => void this.#look())
  }
}
