import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type Answer, type Connection, openConnection } from './rpc/connection.ts'
import { type Domain, eventIds, type LifecycleEvent, procedures } from './rpc/procedures.ts'

export interface SessionOptions {
  readonly socket: string
  readonly uri: string
  readonly timers: Timers
  lifecycle(event: LifecycleEvent): void
  rebooted(domain: Domain): void
  /** A connection stands, the first or a new one: anything may have changed since the last. */
  joined(): void
}

/** A connection to libvirtd that comes back: joined at the first need, and again by itself, with doubling pauses, once `keep` was called. */
export class Session {
  readonly #options: SessionOptions
  #current: Connection | null = null
  #joining: Promise<Answer<Connection>> | null = null
  #retry: { cancel(): void } | null = null
  #pause: number = limits.reconnectFirst
  #kept = false
  #closed = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** The connection; tries at once when there is none, whatever pause is running. */
  async connection(): Promise<Answer<Connection>> {
    if (this.#closed) return { ok: false, error: { kind: 'lost', message: 'closed' } }
    if (this.#current) return { ok: true, value: this.#current }
    this.#joining ??= this.#join().finally(() => {
      this.#joining = null
    })
    return this.#joining
  }

  keep(): void {
    this.#kept = true
    void this.connection()
  }

  close(): void {
    this.#closed = true
    this.#retry?.cancel()
    this.#current?.close()
    this.#current = null
  }

  async #join(): Promise<Answer<Connection>> {
    this.#retry?.cancel()
    const { socket, uri, timers, lifecycle, rebooted } = this.#options
    const opened = await openConnection({ socket, uri, timers, lifecycle, rebooted, lost: () => this.#lost() })
    const registered = opened.ok ? await registerEvents(opened.value) : opened
    if (!opened.ok || !registered.ok || this.#closed) {
      if (opened.ok) opened.value.close()
      this.#again()
      return registered.ok ? { ok: false, error: { kind: 'lost', message: 'closed' } } : registered
    }
    this.#current = opened.value
    this.#pause = limits.reconnectFirst
    this.#options.joined()
    return opened
  }

  #lost(): void {
    this.#current = null
    this.#again()
  }

  #again(): void {
    if (!this.#kept || this.#closed) return
    this.#retry?.cancel()
    this.#retry = this.#options.timers.after(this.#pause, () => void this.connection())
    this.#pause = Math.min(this.#pause * 2, limits.reconnectMax)
  }
}

async function registerEvents(connection: Connection): Promise<Answer<unknown>> {
  const lifecycle = await connection.call(procedures.registerEvent, eventIds.lifecycle)
  return lifecycle.ok ? connection.call(procedures.registerEvent, eventIds.reboot) : lifecycle
}
