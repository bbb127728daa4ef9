import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { expect, test } from 'vitest'
import { together } from './together.ts'

const counting = () => {
  const reads: (readonly number[])[] = []
  const read = together(async (keys: readonly number[]) => {
    reads.push([...keys])
    return ok((key: number) => key * 10)
  })
  return { reads, read }
}

test('what is asked at once goes as one read, each with its own answer', async () => {
  const { reads, read } = counting()
  expect(await Promise.all([1, 2, 1].map(read))).toEqual([10, 20, 10].map(ok))
  expect(await read(3)).toEqual(ok(30))
  expect(reads).toEqual([[1, 2, 1], [3]])
})

test('more than a read should hold go in several', async () => {
  const { reads, read } = counting()
  const keys = Array.from({ length: 70 }, (_, i) => i)
  expect(await Promise.all(keys.map(read))).toEqual(keys.map(key => ok(key * 10)))
  expect(reads.map(each => each.length)).toEqual([32, 32, 6])
})

test('a refusal is told to all who asked, and the next ask anew', async () => {
  let down = true
  const read = together(async () => (down ? refuse('unavailable', 'no') : ok((key: number) => key)))
  expect(await Promise.all([1, 2].map(read))).toMatchObject([
    { fault: { code: 'unavailable' } },
    { fault: { code: 'unavailable' } },
  ])
  down = false
  expect(await read(1)).toEqual(ok(1))
})
