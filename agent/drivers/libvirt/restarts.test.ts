import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, expect, test } from 'vitest'
import { Restarts } from './restarts.ts'

let due: { readonly at: number; run(): void }[] = []
let now = 0
const timers: Timers = {
  now: () => now,
  after(ms, run) {
    const one = { at: now + ms, run }
    due.push(one)
    return { cancel: () => void (due = due.filter(other => other !== one)) }
  },
}
const pass = (ms: number) => {
  for (const end = now + ms; now < end; now += 1_000)
    for (const one of due.filter(({ at }) => at <= now)) {
      if (!due.includes(one)) continue
      due = due.filter(other => other !== one)
      one.run()
    }
}
beforeEach(() => {
  due = []
  now = 0
})

test('who waits hears of its own guest, once', async () => {
  const restarts = new Restarts(timers)
  const [one, again, other] = ['a', 'a', 'b'].map(uuid => restarts.of(uuid, () => {}))
  restarts.heard('a', 'restarted')
  restarts.heard('a', 'off')
  restarts.heard('b', 'off')
  expect(await Promise.all([one?.how, again?.how, other?.how])).toEqual(['restarted', 'restarted', 'off'])
  expect(due).toEqual([])
})

test('a guest that does nothing is asked again, and deaf in the end', async () => {
  let asked = 0
  const { how } = new Restarts(timers).of('a', () => asked++)
  pass(limits.stopGrace)
  expect(asked).toBe(Math.ceil(limits.stopGrace / limits.askAgain) - 1)
  pass(2_000)
  expect(await how).toBe('deaf')
  expect(due).toEqual([])
})

test('events that were missed leave it unknown', async () => {
  const restarts = new Restarts(timers)
  const waiting = ['a', 'b'].map(uuid => restarts.of(uuid, () => {}))
  restarts.deafened()
  expect(await Promise.all(waiting.map(({ how }) => how))).toEqual(['unknown', 'unknown'])
})
