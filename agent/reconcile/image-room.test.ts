import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { SimulatedHost } from '../drivers/simulated/host.ts'
import { simulatedStorage } from '../drivers/simulated/storage.ts'
import { ImageRoom } from './image-room.ts'

const good = new TextEncoder().encode('an image')
const bad = new TextEncoder().encode('an omage')
const file = {
  role: 'disk',
  format: 'qcow2',
  sha256: createHash('sha256').update(good).digest('hex'),
  bytes: good.length,
} as const

/** A room whose fetches bring these, one after another, and how many bytes came in all. */
function room(...answers: readonly Uint8Array[]) {
  const timers = { now: () => 0, after: () => ({ cancel() {} }) }
  const host = new SimulatedHost({ timers, name: 'sim', bootId: 'b', bootMs: 0, stopMs: 0 })
  const came = { bytes: 0, fetches: 0 }
  const made = new ImageRoom(simulatedStorage(host, 'one'), async function* () {
    const bytes = answers[came.fetches++] ?? bad
    came.bytes += bytes.length
    yield bytes
  })
  return { keep: () => made.keep([file], () => {}), came }
}

test('the second launch on a host copies nothing', async () => {
  const { keep, came } = room(good)
  expect(await keep()).toMatchObject({ ok: true })
  expect(came.bytes).toBe(good.length)
  expect(await keep()).toMatchObject({ ok: true })
  expect(came).toEqual({ bytes: good.length, fetches: 1 })
})

test('an image that was spoilt on the way is dropped and fetched once more', async () => {
  const { keep, came } = room(bad, good)
  expect(await keep()).toMatchObject({ ok: true })
  expect(came.fetches).toBe(2)
})

test('one that is damaged where it comes from is refused in plain words', async () => {
  const { keep, came } = room(bad, bad)
  expect(await keep()).toMatchObject({
    ok: false,
    fault: { code: 'invalid', message: expect.stringContaining('import it again') },
  })
  expect(came.fetches).toBe(2)
})
