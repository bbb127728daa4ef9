import { expect, test } from 'vitest'
import { Gather } from './gather.ts'

test('calls made during a run share the next; nobody is answered by a run that began before', async () => {
  const ends: ((value: number) => void)[] = []
  const gather = new Gather(() => new Promise<number>(resolve => ends.push(resolve)))
  const first = gather.call()
  await Promise.resolve()
  const [second, third] = [gather.call(), gather.call()]
  expect(ends).toHaveLength(1)
  ends[0]?.(1)
  expect(await first).toBe(1)
  await Promise.resolve()
  await Promise.resolve()
  expect(ends).toHaveLength(2)
  ends[1]?.(2)
  expect(await Promise.all([second, third])).toEqual([2, 2])
})

test('a run that fails fails for its callers, and the next runs all the same', async () => {
  let run = 0
  const gather = new Gather(async () => {
    run++
    if (run === 1) throw new Error('first')
    return run
  })
  await expect(gather.call()).rejects.toThrow('first')
  expect(await gather.call()).toBe(2)
})
