import type { Disk } from '../ports/disk.ts'
import { Entry, fold, type MachineFacts, noFacts } from './facts.ts'
import type { VolumeFacts } from './volumes/facts.ts'

/** Lines beyond those of a compact journal after which it is written anew. */
const slack = 256

interface Waiting {
  readonly entries: readonly Entry[]
  readonly written: () => void
  readonly failed: (error: unknown) => void
}

/**
 * What the agent is about to do and has done, on disk before it counts: JSON lines, appended, compacted now and then. Whoever
 * writes while a write is under way shares the next one, so that many machines cost few fsyncs.
 */
export class Journal {
  readonly #disk: Disk
  readonly #name: string
  readonly #facts = new Map<string, MachineFacts>()
  /** Of volumes and snapshots. */
  readonly #kept = new Map<string, VolumeFacts>()
  /** When image files were last asked for, by content. */
  readonly #images = new Map<string, number>()
  #bootId: string | null = null
  #lines = 0
  #sound = true
  #waiting: Waiting[] = []
  #writing = false

  private constructor(disk: Disk, name: string) {
    this.#disk = disk
    this.#name = name
  }

  /** The journal as the last life of this agent left it; a line torn by a crash never counted. */
  static async open(disk: Disk, name: string): Promise<Journal> {
    const journal = new Journal(disk, name)
    const content = (await disk.read(name)) ?? ''
    for (const line of content.split('\n')) {
      if (line === '') continue
      const entry = parsed(line)
      if (entry) journal.#take(entry)
    }
    if (content !== '') await journal.#compact([])
    return journal
  }

  /** Of the host, when something was last started on it; null before. */
  get bootId(): string | null {
    return this.#bootId
  }
  facts(machine: string): MachineFacts | undefined {
    return this.#facts.get(machine)
  }
  machines(): string[] {
    return [...this.#facts.keys()]
  }

  imageUsed(sha256: string): number | undefined {
    return this.#images.get(sha256)
  }
  kept(id: string): VolumeFacts | undefined {
    return this.#kept.get(id)
  }
  keptIds(): string[] {
    return [...this.#kept.keys()]
  }

  /** Resolves when all `entries` are on disk; only then do they count. */
  write(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve()
    return new Promise((written, failed) => {
      this.#waiting.push({ entries, written, failed })
      if (!this.#writing) void this.#pump()
    })
  }

  async #pump(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      const entries = batch.flatMap(w => w.entries)
      try {
        if (!this.#sound || this.#lines > slack + this.#facts.size + this.#kept.size + this.#images.size)
          await this.#compact(entries)
        else await this.#append(entries)
        for (const waiting of batch) waiting.written()
      } catch (error) {
        // A failed append may have left half a line: the next write replaces the whole file.
        this.#sound = false
        for (const waiting of batch) waiting.failed(error)
      }
    }
    this.#writing = false
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    await this.#disk.append(this.#name, entries.map(entry => `${JSON.stringify(entry)}\n`).join(''))
    for (const entry of entries) this.#take(entry)
  }

  async #compact(entries: readonly Entry[]): Promise<void> {
    const lines: Entry[] = [...this.#facts].map(([machine, facts]) => ({ note: 'facts', machine, facts }))
    for (const [id, facts] of this.#kept) lines.push({ note: 'kept', id, facts })
    for (const [sha256, usedAt] of this.#images) lines.push({ note: 'image', sha256, usedAt })
    if (this.#bootId !== null) lines.push({ note: 'boot', bootId: this.#bootId })
    lines.push(...entries)
    await this.#disk.replace(this.#name, lines.map(entry => `${JSON.stringify(entry)}\n`).join(''))
    for (const entry of entries) this.#take(entry)
    this.#lines = lines.length
    this.#sound = true
  }

  #take(entry: Entry): void {
    this.#lines++
    if (entry.note === 'boot') this.#bootId = entry.bootId
    else if (entry.note === 'image' && entry.usedAt !== null) this.#images.set(entry.sha256, entry.usedAt)
    else if (entry.note === 'image') this.#images.delete(entry.sha256)
    else if (entry.note === 'kept' && entry.facts) this.#kept.set(entry.id, entry.facts)
    else if (entry.note === 'kept') this.#kept.delete(entry.id)
    else if (entry.note === 'forget') this.#facts.delete(entry.machine)
    else this.#facts.set(entry.machine, fold(this.#facts.get(entry.machine) ?? noFacts, entry))
  }
}

function parsed(line: string): Entry | null {
  try {
    return Entry.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
