import { UsageFrame } from '@sirocco/shared/wire/frames.ts'
import { z } from 'zod'
import type { MemoryDatabase } from './client.ts'

const Row = z.object({ kind: z.string(), resource: z.string(), amount: z.number() })

/** What agents reported, each record once however often it was sent, against what is kept of it: to the unit. */
export class UsageCheck {
  readonly #known = new Set<string>()
  readonly #sums = new Map<string, number>()

  reported(text: string): void {
    const { host, series, record } = UsageFrame.parse(JSON.parse(text))
    const key = `${host} ${series} ${record.n}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    const add = (what: string, amount: number) => {
      if (amount > 0) this.#sums.set(what, (this.#sums.get(what) ?? 0) + amount)
    }
    for (const { id, seconds, received, sent } of record.machines) {
      add(`machine of ${id}`, seconds)
      add(`received of ${id}`, received)
      add(`sent of ${id}`, sent)
    }
    for (const { id, mibSeconds } of record.volumes) add(`volume of ${id}`, mibSeconds)
  }

  /** How many units of everything together. */
  get total(): number {
    return [...this.#sums.values()].reduce((sum, amount) => sum + amount, 0)
  }

  /** Of what more is kept than was ever reported: at no moment of any world. */
  doubled(database: MemoryDatabase): string[] {
    return this.#differences(database, (hosts, rows) => rows > hosts)
  }
  /** Of what more, or less, is kept than was reported. */
  left(database: MemoryDatabase): string[] {
    return this.#differences(database, (hosts, rows) => rows !== hosts)
  }

  #differences(database: MemoryDatabase, differ: (hosts: number, rows: number) => boolean): string[] {
    const kept = new Map(
      database
        .look("SELECT kind, resource, sum(amount) AS amount FROM usage WHERE kind <> 'backup' GROUP BY kind, resource")
        .map(row => Row.parse(row))
        .map(({ kind, resource, amount }) => [`${kind} of ${resource}`, amount]),
    )
    const found = [...new Set([...this.#sums.keys(), ...kept.keys()])].flatMap(what => {
      const [hosts, rows] = [this.#sums.get(what) ?? 0, kept.get(what) ?? 0]
      return differ(hosts, rows) ? [{ what, hosts, rows }] : []
    })
    if (found.length === 0) return []
    // What lay on no host at first, the control plane counts until it does.
    const hostless = new Set(
      database
        .look(
          'SELECT id FROM volume WHERE NOT EXISTS (SELECT 1 FROM allocation WHERE consumer = volume.id AND "from" <= volume."createdAt")',
        )
        .map(row => `volume of ${row.id}`),
    )
    return found
      .filter(({ what }) => !hostless.has(what))
      .map(({ what, hosts, rows }) => `usage: hosts reported ${hosts} for ${what}, and ${rows} is kept`)
  }
}
