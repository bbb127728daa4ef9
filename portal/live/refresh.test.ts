import { describe, expect, it } from 'vitest'
import type { FeedEvent } from '../api/types.ts'
import { refresher } from './refresh.ts'

const of = (subject: string): FeedEvent => ({ seq: 1, id: 'evt_1', type: 'machine.state', subject, data: {}, at: '' })
const vm = (n: number): string => `vm_${String(n).padStart(20, '0')}`

function desk() {
  const ticks: (() => void)[] = []
  const pauses: (() => void)[] = []
  const done: string[] = []
  let broken = false
  let release: (() => void) | null = null
  let slow = false
  const read = (what: string): Promise<void> => {
    done.push(what)
    if (broken) return Promise.reject(new Error('unavailable'))
    if (!slow) return Promise.resolve()
    return new Promise(resolve => {
      release = resolve
    })
  }
  const desk = refresher({
    tick: call => ticks.push(call),
    later: (_, call) => pauses.push(call),
    machines: ids => read(`machines ${ids.length}`),
    allMachines: () => read('list'),
    others: subjects => done.push(`others ${subjects.length}`),
    everything: () => done.push('everything'),
  })
  return {
    desk,
    ticks,
    done,
    async tick() {
      ticks.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    },
    pauses,
    breaks: (is: boolean) => {
      broken = is
    },
    hold: () => {
      slow = true
    },
    async let() {
      slow = false
      release?.()
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}

describe('events become reads', () => {
  it('once for all subjects of one tick', async () => {
    const d = desk()
    d.desk.events([of(vm(1)), of(vm(2))])
    d.desk.events([of(vm(1))])
    expect(d.ticks).toHaveLength(1)
    await d.tick()
    expect(d.done).toEqual(['others 2', 'machines 2'])
  })

  it('of the list, when many machines changed', async () => {
    const d = desk()
    d.desk.events(Array.from({ length: 101 }, (_, n) => of(vm(n))))
    await d.tick()
    expect(d.done).toEqual(['others 101', 'list'])
  })

  it('never two at a time: what changes during a read is read after it', async () => {
    const d = desk()
    d.hold()
    d.desk.events([of(vm(1))])
    await d.tick()
    d.desk.events([of(vm(1))])
    expect(d.ticks).toHaveLength(0)
    await d.let()
    expect(d.ticks).toHaveLength(1)
    await d.tick()
    expect(d.done.filter(what => what.startsWith('machines'))).toHaveLength(2)
  })

  it('again after a pause, when they failed: the feed does not tell twice', async () => {
    const d = desk()
    d.breaks(true)
    d.desk.events([of(vm(1))])
    await d.tick()
    d.desk.events([of(vm(2))])
    expect(d.ticks).toHaveLength(0)
    d.breaks(false)
    d.pauses.shift()?.()
    await d.tick()
    expect(d.done.filter(what => what.startsWith('machines'))).toEqual(['machines 1', 'machines 2'])
    expect(d.pauses).toHaveLength(0)
    expect(d.ticks).toHaveLength(0)
  })

  it('of everything, after a gap', async () => {
    const d = desk()
    d.desk.events([of(vm(1))])
    d.desk.stale()
    await d.tick()
    expect(d.done).toEqual(['everything', 'list'])
  })

  it('of no machine, when only others changed', async () => {
    const d = desk()
    d.desk.events([of('hst_00000000000000000001')])
    await d.tick()
    expect(d.done).toEqual(['others 1'])
  })
})
