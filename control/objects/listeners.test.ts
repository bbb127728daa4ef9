import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { describe, expect, test } from 'vitest'
import type { Event } from '../domain/events/event.ts'
import { type Listener, Listeners } from './listeners.ts'

const event = (seq: number): Event => ({
  seq,
  id: `evt_${seq}`,
  project: 'prj_1',
  type: 'machine.state',
  subject: 'vm_1',
  data: {},
  at: 0,
})

class Ear implements Listener {
  heard: (number | 'reset')[] = []
  after: number
  constructor(after: number) {
    this.after = after
  }
  tell(events: readonly Event[]) {
    for (const { seq } of events) this.heard.push(seq)
    this.after = events.at(-1)?.seq ?? this.after
  }
  reset(cursor: number) {
    this.heard.push('reset')
    this.after = cursor
  }
}

function log() {
  const events: Event[] = []
  let oldest = 0
  let reads = 0
  return {
    add: (count: number) => {
      for (let i = 0; i < count; i++) events.push(event(events.length + 1))
    },
    forget: (before: number) => {
      oldest = before
    },
    get reads() {
      return reads
    },
    since: async (seq: number, limit: number) => {
      reads++
      return ok({ events: events.filter(e => e.seq > seq && e.seq >= oldest).slice(0, limit), reset: seq + 1 < oldest })
    },
    newest: async () => ok(events.length),
  }
}

const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('listeners of events', () => {
  test('hear each event once and in order, wherever each of them is', async () => {
    const source = log()
    source.add(3 * limits.feedPage + 7)
    const ears = [new Ear(0), new Ear(limits.feedPage + 1), new Ear(3 * limits.feedPage + 7)]
    const listeners = new Listeners(() => ears)
    await Promise.all([listeners.pump(source), listeners.pump(source), listeners.pump(source)])
    source.add(1)
    await listeners.pump(source)
    const last = 3 * limits.feedPage + 8
    expect(ears.map(ear => ear.heard)).toEqual([upTo(1, last), upTo(limits.feedPage + 2, last), [last]])
  })

  test('are served by one read where they are equally far', async () => {
    const source = log()
    source.add(5)
    await new Listeners(() => Array.from({ length: 100 }, () => new Ear(5))).pump(source)
    expect(source.reads).toBe(1)
  })

  test('are told to look anew when what they missed is forgotten; others are not', async () => {
    const source = log()
    source.add(20)
    source.forget(10)
    const [behind, near] = [new Ear(3), new Ear(15)]
    await new Listeners(() => [behind, near]).pump(source)
    expect(behind.heard).toEqual(['reset'])
    expect(behind.after).toBe(20)
    expect(near.heard).toEqual(upTo(16, 20))
  })

  test('hear later what could not be read now', async () => {
    const source = log()
    source.add(2)
    const ear = new Ear(0)
    const listeners = new Listeners(() => [ear])
    await listeners.pump({ ...source, since: async () => refuse('unavailable', 'down') })
    expect(ear.heard).toEqual([])
    await listeners.pump(source)
    expect(ear.heard).toEqual([1, 2])
  })

  test('who come while others are told miss nothing', async () => {
    const source = log()
    source.add(4)
    const [first, late] = [new Ear(2), new Ear(0)]
    const ears = [first]
    const slow = {
      ...source,
      since: async (seq: number, limit: number) => {
        const read = await source.since(seq, limit)
        if (!ears.includes(late)) ears.push(late)
        return read
      },
    }
    const listeners = new Listeners(() => ears)
    await listeners.pump(slow)
    await listeners.pump(slow)
    expect(first.heard).toEqual([3, 4])
    expect(late.heard).toEqual([1, 2, 3, 4])
  })

  test('of whom one may hear of hosts: that one does, the others do not, and all get on', async () => {
    const events = [event(1), { ...event(2), project: null }, event(3), { ...event(4), project: null }]
    const asked: boolean[] = []
    const source = {
      since: async (seq: number, limit: number, hosts: boolean) => {
        asked.push(hosts)
        return ok({ events: events.filter(e => e.seq > seq && (hosts || e.project !== null)).slice(0, limit), reset: false })
      },
      newest: async () => ok(4),
    }
    const admin = Object.assign(new Ear(0), { hosts: true })
    const other = new Ear(0)
    await new Listeners(() => [other]).pump(source)
    expect(asked).not.toContain(true)
    await new Listeners(() => [admin, other]).pump(source)
    expect(admin.heard).toEqual([1, 2, 3, 4])
    expect(other.heard).toEqual([1, 3])
    expect(other.after).toBe(4)
  })
})
