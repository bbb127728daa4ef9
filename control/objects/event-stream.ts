import { eventJson } from '@sirocco/shared/api/events.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Event } from '../domain/events/event.ts'
import type { Listener } from './listeners.ts'

/** A response of server-sent events (HTML standard, 9.2): each with its `seq` as id, so that `Last-Event-ID` resumes. */
export class EventStream implements Listener {
  after: number
  readonly hosts: boolean
  readonly body: ReadableStream<Uint8Array>
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  readonly #gone: () => void

  /** `gone` is called once it has ended, whoever ended it; `hosts`: it may hear of hosts, too. */
  constructor(after: number, gone: () => void, hosts = false) {
    this.after = after
    this.hosts = hosts
    this.#gone = gone
    this.body = new ReadableStream<Uint8Array>(
      {
        start: controller => {
          this.#controller = controller
        },
        cancel: () => this.end(),
      },
      { highWaterMark: limits.feedBacklog, size: chunk => chunk?.byteLength ?? 0 },
    )
  }

  tell(events: readonly Event[]): void {
    this.say(
      events.map(event => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(eventJson(event))}\n\n`).join(''),
    )
    this.after = events.at(-1)?.seq ?? this.after
  }

  reset(cursor: number): void {
    this.say(`id: ${cursor}\nevent: reset\ndata: ${JSON.stringify({ cursor })}\n\n`)
    this.after = cursor
  }

  /** Writes lines as they are; ends where too much waits. */
  say(text: string): void {
    if (!this.#controller) return
    this.#controller.enqueue(new TextEncoder().encode(text))
    if ((this.#controller.desiredSize ?? 0) < 0) this.end()
  }

  end(): void {
    try {
      this.#controller?.close()
    } catch {
      // The reader cancelled it already.
    }
    this.#controller = null
    this.#gone()
  }
}
