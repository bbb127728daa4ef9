import { describe, expect, it } from 'vitest'
import type { FeedEvent } from '../api/types.ts'
import { type Freshness, messageOf, type Socket, startFeed, subjectsOf } from './feed.ts'

const event = (seq: number, more: Partial<FeedEvent> = {}): FeedEvent => ({
  seq,
  id: `evt_${seq}`,
  type: 'machine.state',
  subject: 'vm_00000000000000000001',
  data: {},
  at: '2026-11-22T12:00:00.000Z',
  ...more,
})

/** A feed whose sockets and timers the test turns by hand. */
function feed() {
  const opened: { after: number | null; socket: Socket }[] = []
  const pauses: { ms: number; call: () => void }[] = []
  const seen: number[] = []
  const fresh: Freshness[] = []
  let stale = 0
  const handle = startFeed(
    {
      open(after) {
        const socket: Socket = { onopen: null, onmessage: null, onclose: null, close() {} }
        opened.push({ after, socket })
        return socket
      },
      later(ms, call) {
        const pause = { ms, call }
        pauses.push(pause)
        return () => pauses.splice(pauses.indexOf(pause), 1)
      },
      random: () => 1,
    },
    {
      events: events => seen.push(...events.map(each => each.seq)),
      stale: () => stale++,
      freshness: now => fresh.push(now),
    },
  )
  const socket = (): Socket => {
    const last = opened.at(-1)
    if (!last) throw new Error('nothing was opened')
    return last.socket
  }
  return {
    handle,
    opened,
    pauses,
    seen,
    fresh,
    stale: () => stale,
    open: () => socket().onopen?.(),
    say: (message: unknown) => socket().onmessage?.({ data: JSON.stringify(message) }),
    drop: () => socket().onclose?.(),
    wait: () => pauses.shift()?.call(),
  }
}

describe('the feed', () => {
  it('has everything read anew at its first connection, since nobody listened before', () => {
    const f = feed()
    f.open()
    expect(f.stale()).toBe(1)
    expect(f.fresh).toEqual(['live'])
  })

  it('resumes after the last event it saw, and reads nothing anew then', () => {
    const f = feed()
    f.open()
    f.say({ events: [event(7), event(8)], cursor: 8 })
    f.drop()
    f.wait()
    expect(f.opened.at(-1)?.after).toBe(8)
    f.open()
    expect(f.stale()).toBe(1)
  })

  it('resumes where it began when nothing has happened yet', () => {
    const f = feed()
    f.open()
    f.say({ events: [], cursor: 41 })
    f.drop()
    f.wait()
    expect(f.opened.at(-1)?.after).toBe(41)
  })

  it('tells an event that comes twice only once', () => {
    const f = feed()
    f.open()
    f.say({ events: [event(7)], cursor: 7 })
    f.say({ events: [event(7), event(8)], cursor: 8 })
    expect(f.seen).toEqual([7, 8])
  })

  it('reads everything anew after a gap that the server cannot fill', () => {
    const f = feed()
    f.open()
    f.say({ events: [event(7)], cursor: 7 })
    f.say({ reset: true, cursor: 2 })
    expect(f.stale()).toBe(2)
    f.say({ events: [event(3)], cursor: 3 })
    expect(f.seen).toEqual([7, 3])
  })

  it('says honestly that it is not live, and waits longer each time up to a limit', () => {
    const f = feed()
    f.open()
    const pauses: number[] = []
    for (let n = 0; n < 8; n++) {
      f.drop()
      pauses.push(f.pauses[0]?.ms ?? 0)
      f.wait()
    }
    expect(f.fresh.at(-1)).toBe('reconnecting')
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    f.open()
    expect(f.fresh.at(-1)).toBe('live')
    f.drop()
    expect(f.pauses[0]?.ms).toBe(500)
  })

  it('has never been live before its first connection', () => {
    const f = feed()
    f.drop()
    expect(f.fresh).toEqual(['connecting'])
  })

  it('tries at once when asked to, and only when it is waiting', () => {
    const f = feed()
    f.open()
    f.handle.retry()
    expect(f.opened).toHaveLength(1)
    f.drop()
    f.handle.retry()
    expect(f.opened).toHaveLength(2)
    expect(f.pauses).toHaveLength(0)
  })

  it('does not come back once stopped', () => {
    const f = feed()
    f.open()
    f.handle.stop()
    f.drop()
    expect(f.pauses).toHaveLength(0)
  })
})

describe('a message of the feed', () => {
  it.each(['pong', '[1]', 'null', '7', '{"events":7}'])('is harmless when it is %s', text => {
    expect(messageOf(text)?.events ?? []).toEqual([])
  })
  it('loses its unreadable events and keeps the others', () => {
    expect(messageOf(JSON.stringify({ events: [event(1), { seq: 'x' }], cursor: 1 }))?.events.map(each => each.seq)).toEqual([1])
  })
})

describe('the subjects of an event', () => {
  it('are its own and the ids in its data', () => {
    const machine = 'vm_0123456789abcdefghjk'
    expect(subjectsOf(event(1, { subject: 'op_0123456789abcdefghjk', data: { machine, from: 'running' } }))).toEqual([
      'op_0123456789abcdefghjk',
      machine,
    ])
  })
})
