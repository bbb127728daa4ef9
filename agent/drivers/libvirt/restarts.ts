import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'

/** What came of a guest that was asked to restart: `deaf` where nothing did in time, `unknown` where nobody listened all the while. */
export type Restart = 'restarted' | 'off' | 'deaf' | 'unknown'

/** Who waits for guests, by UUID of their domains, to restart themselves. */
export class Restarts {
  readonly #timers: Timers
  readonly #waiting = new Map<string, Set<(how: Restart) => void>>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Begun before the guest is asked, since it may be quick. It is asked `again` every `limits.askAgain`, as one that boots hears nothing, and deaf after `limits.stopGrace`. */
  of(uuid: string, again: () => void): { readonly how: Promise<Restart>; cancel(): void } {
    const waiting = this.#waiting.get(uuid) ?? new Set()
    this.#waiting.set(uuid, waiting)
    let end = (_: Restart) => {}
    const how = new Promise<Restart>(resolve => {
      const late = this.#timers.after(limits.stopGrace, () => end('deaf'))
      let next = { cancel: () => {} }
      const askLater = () => {
        next = this.#timers.after(limits.askAgain, () => {
          again()
          askLater()
        })
      }
      askLater()
      end = said => {
        late.cancel()
        next.cancel()
        waiting.delete(end)
        if (waiting.size === 0) this.#waiting.delete(uuid)
        resolve(said)
      }
      waiting.add(end)
    })
    return { how, cancel: () => end('unknown') }
  }

  heard(uuid: string, how: 'restarted' | 'off'): void {
    for (const end of [...(this.#waiting.get(uuid) ?? [])]) end(how)
  }

  /** Events were missed. */
  deafened(): void {
    for (const uuid of [...this.#waiting.keys()]) for (const end of [...(this.#waiting.get(uuid) ?? [])]) end('unknown')
  }
}
