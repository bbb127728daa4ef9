import { limits } from '@sirocco/shared/model/limits.ts'
import { type Outcome, ResultFrame } from '@sirocco/shared/wire/frames.ts'
import { z } from 'zod'
import type { Disk } from '../ports/disk.ts'

const Line = z.discriminatedUnion('note', [
  z.strictObject({ note: z.literal('begun'), command: z.string(), host: z.string(), deadline: z.number(), ended: z.boolean() }),
  z.strictObject({ note: z.literal('ended'), result: ResultFrame }),
  z.strictObject({ note: z.literal('acked'), n: z.int() }),
])
type Line = z.output<typeof Line>

const file = 'outbox.jsonl'
/** Lines beyond what is kept after which the file is written anew. */
const slack = 256

interface Begun {
  readonly host: string
  readonly deadline: number
  readonly ended: boolean
}

/**
 * Commands begun and results not yet acknowledged, on disk: a command is begun at most once in the agent's whole life, and its end is
 * told until the control plane has it.
 */
export class Outbox {
  readonly #disk: Disk
  readonly #begun = new Map<string, Begun>()
  readonly #results = new Map<number, ResultFrame>()
  #last = 0
  #lines = 0
  #sound = true
  #writes: Promise<void> = Promise.resolve()

  private constructor(disk: Disk) {
    this.#disk = disk
  }

  /** As the last life left it: what was begun then and not ended is not known to have happened, and says so. */
  static async open(disk: Disk): Promise<Outbox> {
    const outbox = new Outbox(disk)
    for (const text of ((await disk.read(file)) ?? '').split('\n')) {
      const line = parsed(text)
      if (line) outbox.#take(line)
    }
    // The last line may be torn: the next write replaces the file.
    if (outbox.#lines > 0) outbox.#sound = false
    for (const [command, { host, ended }] of [...outbox.#begun]) if (!ended) await outbox.end(command, host, interrupted)
    return outbox
  }

  /** May this command be done? Written down before it is; false where it was begun before, or too much is unacknowledged. */
  async begin(command: string, host: string, deadline: number, now: number): Promise<boolean> {
    if (this.#begun.has(command) || this.#results.size >= limits.outbox) return false
    this.#forget(now)
    await this.#write({ note: 'begun', command, host, deadline, ended: false })
    return true
  }

  /** Numbers and keeps a command's end; the frame to send. */
  async end(command: string, host: string, outcome: Outcome): Promise<ResultFrame> {
    this.#last++
    const result: ResultFrame = { type: 'result', n: this.#last, command, host, outcome }
    await this.#write({ note: 'ended', result })
    return result
  }

  async acked(n: number): Promise<void> {
    if ([...this.#results.keys()].some(kept => kept <= n)) await this.#write({ note: 'acked', n })
  }

  /** The end of this command, where it is not acknowledged yet. */
  resultOf(command: string): ResultFrame | undefined {
    return this.unacknowledged().find(result => result.command === command)
  }
  /** All that is not acknowledged, in order. */
  unacknowledged(): ResultFrame[] {
    return [...this.#results.values()]
  }

  /** A command past its deadline is refused for that alone, so its id need not be kept. */
  #forget(now: number): void {
    for (const [command, { deadline }] of this.#begun) if (deadline + limits.clockSkew < now) this.#begun.delete(command)
  }

  #write(line: Line): Promise<void> {
    const write = this.#writes.then(() => this.#put(line))
    this.#writes = write.catch(() => {})
    return write
  }

  async #put(line: Line): Promise<void> {
    const kept = this.#begun.size + this.#results.size
    try {
      if (this.#sound && this.#lines <= kept + slack) await this.#disk.append(file, `${JSON.stringify(line)}\n`)
      else await this.#compact(line)
    } catch (error) {
      this.#sound = false
      throw error
    }
    this.#take(line)
  }

  async #compact(line: Line): Promise<void> {
    const first = Math.min(this.#last + 1, ...this.#results.keys())
    const lines: Line[] = [
      { note: 'acked', n: first - 1 },
      ...[...this.#begun].map(([command, begun]): Line => ({ note: 'begun', command, ...begun })),
      ...[...this.#results.values()].map((result): Line => ({ note: 'ended', result })),
      line,
    ]
    await this.#disk.replace(file, lines.map(each => `${JSON.stringify(each)}\n`).join(''))
    this.#lines = lines.length
    this.#sound = true
  }

  #take(line: Line): void {
    this.#lines++
    if (line.note === 'begun') this.#begun.set(line.command, { host: line.host, deadline: line.deadline, ended: line.ended })
    if (line.note === 'ended') {
      this.#results.set(line.result.n, line.result)
      this.#last = Math.max(this.#last, line.result.n)
      const begun = this.#begun.get(line.result.command)
      if (begun) this.#begun.set(line.result.command, { ...begun, ended: true })
    }
    if (line.note === 'acked') {
      this.#last = Math.max(this.#last, line.n)
      for (const n of this.#results.keys()) if (n <= line.n) this.#results.delete(n)
    }
  }
}

const interrupted: Outcome = {
  ok: false,
  fault: { code: 'unavailable', message: 'the agent was interrupted; whether it was done is not known' },
}

function parsed(line: string): Line | null {
  try {
    return Line.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
