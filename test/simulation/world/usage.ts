import { UsageFrame } from '@sirocco/shared/wire/frames.ts'
import { z } from 'zod'
import type { MemoryDatabase } from './client.ts'

const Row = z.object({ kind: z.string(), resource: z.string(), amount: z.number() })

/** What agents reported, each record once however often it was sent, against what is kept of it: to the unit. */
export class UsageCheck {
  readonly #records = new Map<string, UsageFrame>()

  reported(text: string): void {
    const frame = UsageFrame.parse(JSON.parse(text))
    this.#records.set(`${frame.host} ${frame.series} ${frame.record.n}`, frame)
  }

  /** How many units of everything together. */
  get total(): number {
    return [...this.#sums().values()].reduce((sum, amount) => sum + amount, 0)
  }

  /** Of what more, or less, is kept than was reported. */
  left(database: MemoryDatabase): string[] {
    const reported = this.#sums()
    const kept = new Map(
      database
        .look("SELECT kind, resource, sum(amount) AS amount FROM usage WHERE kind <> 'backup' GROUP BY kind, resource")
        .map(row => Row.parse(row))
        .map(({ kind, resource, amount }) => [`${kind} of ${resource}`, amount]),
    )
    return [...new Set([...reported.keys(), ...kept.keys()])].flatMap(what => {
      const [hosts, rows] = [reported.get(what) ?? 0, kept.get(what) ?? 0]
      return hosts === rows ? [] : [`usage: hosts reported ${hosts} for ${what}, and ${rows} is kept`]
    })
  }

  #sums(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    const add = (what: string, amount: number) => {
      if (amount > 0) sums.set(what, (sums.get(what) ?? 0) + amount)
    }
    for (const { record } of this.#records.values()) {
      for (const { id, seconds, received, sent } of record.machines) {
        add(`machine of ${id}`, seconds)
        add(`received of ${id}`, received)
        add(`sent of ${id}`, sent)
      }
      for (const { id, mibSeconds } of record.volumes) add(`volume of ${id}`, mibSeconds)
    }
    return sums
  }
}
