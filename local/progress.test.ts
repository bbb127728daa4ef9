import { describe, expect, it } from 'vitest'
import { progressOn } from './progress.mjs'

/** A clock that goes on by this many milliseconds at each look. */
const ticking = (ms: number) => {
  let now = 0
  return () => (now += ms)
}
const out = () => {
  const written: string[] = []
  return { written, write: (text: string) => written.push(text) }
}

describe('progress without a terminal', () => {
  it('says nothing of a step that is over at once', async () => {
    const to = out()
    expect(await progressOn(to, ticking(1)).step('thinking', () => 42)).toBe(42)
    expect(to.written).toEqual([])
  })

  it('names a step that takes longer, and how it ended', async () => {
    const to = out()
    const { step } = progressOn(to, ticking(2_000))
    await expect(
      step('building', async () => {
        await expect.poll(() => to.written, { interval: 10, timeout: 5_000 }).toEqual(['building …\n'])
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(to.written.at(-1)).toMatch(/^building: failed \(\d+ s\)\n$/)
  })
})
