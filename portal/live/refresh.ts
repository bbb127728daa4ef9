import { limits } from '@sirocco/shared/model/limits.ts'
import type { FeedEvent } from '../api/types.ts'
import { subjectsOf } from './feed.ts'

/** ms until what could not be read is read again: the feed will not tell of it a second time. */
const pause = 2_000

export interface RefreshPorts {
  /** After the current burst of events. */
  tick(call: () => void): void
  later(ms: number, call: () => void): void
  /** At most `limits.page` of them. */
  machines(ids: readonly string[]): Promise<void>
  allMachines(): Promise<void>
  /** Whatever else is shown of these subjects. */
  others(subjects: readonly string[]): void
  everything(): void
}

/** Events become reads: all subjects that changed within one tick are read in one go, and a read never overlaps the next. */
export function refresher(ports: RefreshPorts): { events(events: readonly FeedEvent[]): void; stale(): void } {
  const dirty = new Set<string>()
  let planned = false
  let busy = false
  let all = false

  const plan = (): void => {
    if (planned || busy) return
    planned = true
    ports.tick(() => {
      planned = false
      void run()
    })
  }
  const run = async (): Promise<void> => {
    const subjects = [...dirty]
    const everything = all
    dirty.clear()
    all = false
    busy = true
    try {
      if (everything) ports.everything()
      else ports.others(subjects)
      const machines = subjects.filter(id => id.startsWith('vm_'))
      if (everything || machines.length > limits.page) await ports.allMachines()
      else if (machines.length > 0) await ports.machines(machines)
      busy = false
    } catch {
      for (const subject of subjects) dirty.add(subject)
      all ||= everything
      ports.later(pause, () => {
        busy = false
        plan()
      })
    }
    if (!busy && (dirty.size > 0 || all)) plan()
  }

  return {
    events(events) {
      for (const event of events) for (const id of subjectsOf(event)) dirty.add(id)
      plan()
    },
    stale() {
      all = true
      plan()
    },
  }
}
