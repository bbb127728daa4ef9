import { hex, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { Series, UsageRecord } from '@sirocco/shared/wire/usage.ts'
import { z } from 'zod'
import type { Disk } from '../ports/disk.ts'

/** What was there when the newest record ended: from here on nothing is written down yet. */
export const Open = z.strictObject({
  /** ms since the epoch. */
  at: z.number(),
  machines: z.record(
    z.string(),
    z.strictObject({
      run: z.string(),
      vcpus: z.int(),
      memoryMiB: z.int(),
      /** As counted when they were last written down; null: not yet in this run. */
      bytes: z.strictObject({ received: z.number(), sent: z.number() }).nullable(),
    }),
  ),
  volumes: z.record(z.string(), z.strictObject({ pool: z.string(), sizeMiB: z.int() })),
})
export type Open = z.output<typeof Open>

const Line = z.discriminatedUnion('note', [
  z.strictObject({ note: z.literal('series'), series: Series, last: z.int() }),
  /** Records in the place of those with their numbers, and what is open after them: on one line, which is there or not. */
  z.strictObject({ note: z.literal('records'), records: z.array(UsageRecord), open: Open.nullable() }),
  /** Records up to `n` are kept by the control plane whose data this incarnation names. */
  z.strictObject({ note: z.literal('kept'), incarnation: z.string(), n: z.int() }),
])
type Line = z.output<typeof Line>

/** Lines beyond those of a compact file after which it is written anew. */
const slack = 256

/** The records of one host, on disk before they count, until they are acknowledged and a while longer. */
export class Ledger {
  readonly #disk: Disk
  readonly #name: string
  #series: string
  readonly #records = new Map<number, UsageRecord>()
  #last = 0
  #open: Open | null = null
  #kept = 0
  #incarnation: string | null = null
  #lines = 0
  #sound = false
  #writes: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, name: string, series: string) {
    this.#disk = disk
    this.#name = name
    this.#series = series
  }

  /** As the last life left it; a line torn by a crash never counted. A file that is lost begins another series. */
  static async open(disk: Disk, name: string, random: Random): Promise<Ledger> {
    const ledger = new Ledger(disk, name, hex(random, 16))
    for (const text of ((await disk.read(name)) ?? '').split('\n')) {
      const line = parsed(text)
      if (line) ledger.#take(line)
    }
    return ledger
  }

  get series(): string {
    return this.#series
  }
  /** The number of the newest record; 0: there was none. */
  get last(): number {
    return this.#last
  }
  get current(): Open | null {
    return this.#open
  }
  /** The first record that is still here. */
  get oldest(): number {
    return Math.min(this.#last + 1, ...this.#records.keys())
  }
  /** The first record that is not acknowledged. */
  next(): UsageRecord | null {
    for (let n = Math.max(this.#kept + 1, this.oldest); n <= this.#last; n++) {
      const record = this.#records.get(n)
      if (record) return record
    }
    return null
  }
  get unacknowledged(): number {
    return [...this.#records.keys()].filter(n => n > this.#kept).length
  }
  record(n: number): UsageRecord | undefined {
    return this.#records.get(n)
  }

  /** Writes records and what is open after them: both or neither. */
  write(records: readonly UsageRecord[], open: Open): Promise<void> {
    return this.#write({ note: 'records', records: [...records], open })
  }

  /** Acknowledged. Of those only the newest stay, for a control plane that is restored. */
  async kept(n: number): Promise<void> {
    if (n > this.#kept && n <= this.#last) await this.#write({ note: 'kept', incarnation: this.#incarnation ?? '', n })
  }

  /** Whose data it is now. Where it is not whom records were acknowledged by, all that are here are to be told again. */
  async linked(incarnation: string): Promise<void> {
    if (incarnation !== this.#incarnation) await this.#write({ note: 'kept', incarnation, n: 0 })
  }

  #write(line: Line): Promise<void> {
    const write = this.#writes.then(() => this.#put(line))
    this.#writes = write.catch(() => {})
    return write
  }

  async #put(line: Line): Promise<void> {
    try {
      if (this.#sound && this.#lines <= slack) await this.#disk.append(this.#name, `${JSON.stringify(line)}\n`)
      else await this.#compact(line)
    } catch (error) {
      // A failed append may have left half a line: the next write replaces the whole file.
      this.#sound = false
      throw error
    }
    this.#take(line)
  }

  async #compact(line: Line): Promise<void> {
    const records = [...this.#records.values()].toSorted((a, b) => a.n - b.n)
    const lines: Line[] = [
      { note: 'series', series: this.#series, last: this.#last },
      { note: 'records', records, open: this.#open },
      ...(this.#incarnation === null ? [] : [{ note: 'kept', incarnation: this.#incarnation, n: this.#kept } as const]),
      line,
    ]
    await this.#disk.replace(this.#name, lines.map(each => `${JSON.stringify(each)}\n`).join(''))
    this.#lines = 0
    this.#sound = true
  }

  #take(line: Line): void {
    this.#lines++
    if (line.note === 'series') {
      this.#series = line.series
      this.#last = line.last
    } else if (line.note === 'records') {
      for (const record of line.records) this.#records.set(record.n, record)
      this.#last = Math.max(this.#last, ...line.records.map(({ n }) => n))
      if (line.open) this.#open = line.open
    } else {
      this.#kept = line.n
      this.#incarnation = line.incarnation
      for (const n of this.#records.keys()) if (n <= this.#kept - limits.usageKept) this.#records.delete(n)
    }
  }
}

function parsed(line: string): Line | null {
  try {
    return Line.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
