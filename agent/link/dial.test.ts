import { seeded } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { VirtualTime } from '../../test/support/agent-world.ts'
import { Dialler, type SocketEvents } from './dial.ts'
import type { Heard } from './session.ts'

class World {
  readonly time = new VirtualTime()
  readonly dials: { at: number; events: SocketEvents; sent: string[]; dropped: boolean }[] = []
  heard: Heard | null = null
  readonly received: string[] = []
  ends = 0
  readonly dialler = new Dialler({
    timers: this.time,
    random: seeded(1),
    log: () => {},
    session: {
      opened: (_, heard) => {
        this.heard = heard
      },
      received: async (_, text) => void this.received.push(text),
      closed: () => {
        this.ends++
      },
    },
    open: events => {
      const dial = { at: this.time.now(), events, sent: [] as string[], dropped: false }
      this.dials.push(dial)
      return {
        send: text => void dial.sent.push(text),
        close: reason => events.closed(reason),
        drop: () => {
          dial.dropped = true
          events.closed('dead')
        },
      }
    },
  })
  get dial() {
    const dial = this.dials.at(-1)
    if (!dial) throw new Error('nothing was dialled')
    return dial
  }
}

test('pauses double up to a limit, each with jitter, and begin anew after a welcome', async () => {
  const world = new World()
  world.dialler.start()
  for (let i = 0; i < 12; i++) {
    world.dial.events.closed('refused')
    await world.time.pass(limits.reconnectMax)
  }
  const pauses = world.dials.slice(1).map((dial, i) => dial.at - (world.dials[0]?.at ?? 0) - i * limits.reconnectMax)
  for (const [i, pause] of pauses.entries()) {
    const full = Math.min(limits.reconnectMax, limits.reconnectFirst * 2 ** i)
    expect(pause).toBeGreaterThanOrEqual(full / 2)
    expect(pause).toBeLessThanOrEqual(full + 1)
  }
  world.dial.events.opened()
  world.heard?.welcome(10_000)
  const before = world.dials.length
  world.dial.events.closed('cut')
  await world.time.pass(limits.reconnectFirst)
  expect(world.dials.length).toBe(before + 1)
})

test('beats as it was told; an answer in between keeps the link alive, pongs go no further', async () => {
  const world = new World()
  world.dialler.start()
  world.dial.events.opened()
  world.heard?.welcome(1_000)
  for (let i = 0; i < 10; i++) {
    await world.time.pass(1_000)
    world.dial.events.message('pong')
  }
  expect(world.dial.sent).toEqual(Array.from({ length: 10 }, () => 'ping'))
  expect(world.received).toEqual([])
  expect(world.dial.dropped).toBe(false)
})

test('a link without an answer to three beats is dead, and dialled anew', async () => {
  const world = new World()
  world.dialler.start()
  world.dial.events.opened()
  world.heard?.welcome(1_000)
  await world.time.pass(3_500)
  expect(world.dials[0]?.dropped).toBe(false)
  await world.time.pass(1_000)
  expect(world.dials[0]?.dropped).toBe(true)
  expect(world.ends).toBe(1)
  await world.time.pass(limits.reconnectFirst)
  expect(world.dials).toHaveLength(2)
})

test('a link that is never welcomed is given up', async () => {
  const world = new World()
  world.dialler.start()
  world.dial.events.opened()
  await world.time.pass(30_000)
  expect(world.dials[0]?.dropped).toBe(true)
})

test('honours how long the control plane wants it away', async () => {
  const world = new World()
  world.dialler.start()
  world.dial.events.opened()
  world.heard?.bye(60_000)
  world.dial.events.closed('bye')
  await world.time.pass(59_000)
  expect(world.dials).toHaveLength(1)
  await world.time.pass(2_000)
  expect(world.dials).toHaveLength(2)
})

test('whoever is refused by name does not hammer', async () => {
  const world = new World()
  world.dialler.start()
  world.dial.events.closed('refused', 401)
  await world.time.pass(limits.reconnectMax / 2 - 100)
  expect(world.dials).toHaveLength(1)
})

test('stopped, it dials no more', async () => {
  const world = new World()
  world.dialler.start()
  world.dialler.stop()
  await world.time.pass(60_000)
  expect(world.dials).toHaveLength(1)
})
