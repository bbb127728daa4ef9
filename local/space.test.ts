import { expect, test } from 'vitest'
import { MiB } from '../shared/kit/units.ts'
import { spaceSaid } from './space.ts'

test('a disk that gets full is told once, and once when it has room again', () => {
  const free = [900, 40, 10, 0, 20, 30, 33, 900].map(mib => mib * MiB)
  let isFull = false
  const said = free.map(bytes => {
    const now = spaceSaid('/data', isFull, bytes)
    isFull = now.isFull
    return now.says?.replace(/:.*/, '') ?? null
  })
  expect(said).toEqual([null, null, 'The disk of /data is full', null, null, null, 'The disk of /data has room again.', null])
})
