import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Log } from '../reconcile/reconciler.ts'
import type { Heard, Link } from './session.ts'

/** A connection being made or open. */
export interface Socket {
  send(text: string): void
  /** Ends it politely. */
  close(reason: string): void
  /** Ends it now. */
  drop(): void
}
export interface SocketEvents {
  opened(): void
  message(text: string): void
  /** Once, whatever happened; `status`: the answer that refused the upgrade. */
  closed(why: string, status?: number): void
}

/** What a dialler talks for. */
interface Talks {
  opened(link: Link, heard: Heard): void
  received(link: Link, message: string): Promise<void>
  closed(): void
}

export interface DialParts {
  readonly open: (events: SocketEvents) => Socket
  readonly session: Talks
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

/** Keeps one link to the control plane, for ever: dials, beats, notices death, and dials again after doubling, jittered pauses. */
export class Dialler {
  readonly #parts: DialParts
  #socket: Socket | null = null
  #tries = 0
  #notBefore = 0
  #stopped = false
  #next: { cancel(): void } | null = null

  constructor(parts: DialParts) {
    this.#parts = parts
  }

  start(): void {
    this.#dial()
  }

  /** Hangs up and dials no more. */
  stop(): void {
    this.#stopped = true
    this.#next?.cancel()
    this.#socket?.close('agent stops')
  }

  #dial(): void {
    const { session, timers, log } = this.#parts
    let missed = 0
    let timer: { cancel(): void } = timers.after(limits.welcomeWithin, () => socket.drop())
    const link: Link = { send: text => socket.send(text), close: reason => socket.close(reason) }
    const beat = (beatMs: number) => {
      timer.cancel()
      timer = timers.after(beatMs, () => {
        if (missed >= limits.missedBeats) return socket.drop()
        missed++
        socket.send('ping')
        beat(beatMs)
      })
    }
    const socket = this.#parts.open({
      opened: () =>
        session.opened(link, {
          welcome: beatMs => {
            this.#tries = 0
            missed = 0
            beat(beatMs)
          },
          bye: retryMs => {
            this.#notBefore = timers.now() + Math.min(retryMs, limits.byeRetry)
          },
        }),
      message: text => {
        missed = 0
        if (text !== 'pong') void session.received(link, text)
      },
      closed: (why, status) => {
        timer.cancel()
        this.#socket = null
        session.closed()
        if (this.#stopped) return
        const pause = this.#pause(status)
        log('info', 'no link to the control plane', { why, ...(status === undefined ? {} : { status }), retryMs: pause })
        this.#next = timers.after(pause, () => this.#dial())
      },
    })
    this.#socket = socket
  }

  #pause(status: number | undefined): number {
    const { timers, random } = this.#parts
    // Whoever was refused by name does not hammer.
    const full =
      status !== undefined && status >= 400 ? limits.reconnectMax : limits.reconnectFirst * 2 ** Math.min(this.#tries, 16)
    this.#tries++
    const jittered = Math.min(full, limits.reconnectMax) * (0.5 + random.next() / 2)
    return Math.ceil(Math.max(jittered, Math.min(this.#notBefore - timers.now(), limits.byeRetry)))
  }
}
