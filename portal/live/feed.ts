import type { FeedEvent } from '../api/types.ts'

/** connecting: not yet once · live: what is shown is now · reconnecting: it was, and may be older by now. */
export type Freshness = 'connecting' | 'live' | 'reconnecting'

/** What the feed needs of a WebSocket; a test gives its own. */
export interface Socket {
  onopen: (() => void) | null
  onmessage: ((message: { readonly data: unknown }) => void) | null
  onclose: (() => void) | null
  close(): void
}

export interface FeedPorts {
  open(after: number | null): Socket
  later(ms: number, call: () => void): () => void
  /** 0 ≤ r < 1 */
  random(): number
}

export interface FeedWatch {
  events(events: readonly FeedEvent[]): void
  /** What is shown may have missed something: everything is to be read again. */
  stale(): void
  freshness(now: Freshness): void
}

/** Pauses between tries, in ms: doubling, with jitter so that a restarted control plane is not stormed. */
const first = 500
const most = 15_000

/**
 * Holds one socket to the project's event feed open for as long as the page lives. Resumes after the last event it saw; a gap
 * that the server cannot fill (`reset`), and the first connection, mean that everything is read again.
 */
export function startFeed(ports: FeedPorts, watch: FeedWatch): { stop(): void; retry(): void } {
  let after: number | null = null
  let tries = 0
  let socket: Socket | null = null
  let cancel: (() => void) | null = null
  let stopped = false
  let seen = false

  const connect = (): void => {
    cancel = null
    const mine = ports.open(after)
    socket = mine
    mine.onopen = () => {
      tries = 0
      watch.freshness('live')
      // Before the first connection nobody listened; later ones resume at `after` where something was seen.
      if (seen === false || after === null) watch.stale()
      seen = true
    }
    mine.onmessage = ({ data }) => {
      const message = messageOf(data)
      if (!message) return
      if (message.reset) {
        after = message.cursor
        watch.stale()
      }
      const events = message.events.filter(event => after === null || event.seq > after)
      if (message.cursor !== null) after = Math.max(after ?? 0, message.cursor)
      if (events.length === 0) return
      after = Math.max(after ?? 0, ...events.map(event => event.seq))
      watch.events(events)
    }
    mine.onclose = () => {
      if (socket !== mine || stopped) return
      socket = null
      watch.freshness(seen ? 'reconnecting' : 'connecting')
      const pause = Math.min(most, first * 2 ** tries) * (0.5 + ports.random() / 2)
      tries += 1
      cancel = ports.later(pause, connect)
    }
  }
  connect()

  return {
    stop() {
      stopped = true
      cancel?.()
      socket?.close()
    },
    /** At once: the network is back, or the tab is looked at again. */
    retry() {
      if (stopped || !cancel) return
      cancel()
      tries = 0
      connect()
    },
  }
}

interface Message {
  readonly events: readonly FeedEvent[]
  readonly reset: boolean
  readonly cursor: number | null
}

/** A message of the feed, or null for what is none: an unreadable one must not break the page. */
export function messageOf(data: unknown): Message | null {
  if (typeof data !== 'string') return null
  let body: unknown
  try {
    body = JSON.parse(data)
  } catch {
    return null
  }
  if (typeof body !== 'object' || body === null) return null
  const events = 'events' in body && Array.isArray(body.events) ? body.events.filter(isEvent) : []
  const cursor = 'cursor' in body && typeof body.cursor === 'number' ? body.cursor : null
  return { events, reset: 'reset' in body && body.reset === true, cursor }
}

const isEvent = (value: unknown): value is FeedEvent =>
  typeof value === 'object' &&
  value !== null &&
  'seq' in value &&
  typeof value.seq === 'number' &&
  'type' in value &&
  typeof value.type === 'string' &&
  'subject' in value &&
  typeof value.subject === 'string'

/** Every id that an event speaks of: its subject, and the ids in its data (an operation's machine). */
export function subjectsOf(event: FeedEvent): readonly string[] {
  const more = Object.values(event.data ?? {}).filter(
    value => typeof value === 'string' && /^[a-z]{2,3}_[0-9a-z]{20}$/.test(value),
  )
  return [...new Set([event.subject, ...more.map(String)])]
}
