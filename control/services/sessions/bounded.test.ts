import { describe, expect, test } from 'vitest'
import { Bounded } from './bounded.ts'

/** Work that ends when told. */
function held() {
  let end = () => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  return { over, end: () => end() }
}

describe('bounded work', () => {
  test('runs so many at once, lets so many wait, and refuses the rest at once', async () => {
    const bounded = new Bounded(2, 1)
    const gate = held()
    let running = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++running)
      await gate.over
      running--
      return 'done'
    }
    const three = [bounded.run(work), bounded.run(work), bounded.run(work)]
    expect(await bounded.run(work)).toMatchObject({ fault: { code: 'throttled' } })
    gate.end()
    expect(await Promise.all(three)).toEqual(Array(3).fill({ ok: true, value: 'done' }))
    expect(most).toBe(2)
    expect(await bounded.run(work)).toMatchObject({ ok: true })
  })
  test('gives its place back when it fails', async () => {
    const bounded = new Bounded(1, 0)
    await expect(bounded.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await bounded.run(async () => 1)).toEqual({ ok: true, value: 1 })
  })
})
