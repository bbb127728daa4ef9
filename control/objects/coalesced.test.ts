import { describe, expect, test } from 'vitest'
import { Coalesced } from './coalesced.ts'

describe('coalesced work', () => {
  test('runs one at a time, and once more for all who called meanwhile', async () => {
    const coalesced = new Coalesced()
    let running = 0
    let runs = 0
    const work = async () => {
      expect(++running).toBe(1)
      await Promise.resolve()
      running--
      runs++
    }
    await Promise.all([coalesced.run(work), coalesced.run(work), coalesced.run(work), coalesced.run(work)])
    expect(runs).toBe(2)
    await coalesced.run(work)
    expect(runs).toBe(3)
  })
  test('is not stuck after a failure', async () => {
    const coalesced = new Coalesced()
    await expect(coalesced.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    let ran = false
    await coalesced.run(async () => {
      ran = true
    })
    expect(ran).toBe(true)
  })
  test('loses no call that was made while another failed', async () => {
    const coalesced = new Coalesced()
    let ran = false
    const failing = coalesced.run(() => Promise.reject(new Error('no')))
    const after = coalesced.run(async () => {
      ran = true
    })
    await Promise.allSettled([failing, after])
    expect(ran).toBe(true)
  })
})
