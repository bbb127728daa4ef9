import type { ImageFile } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { fetchImage, type Ranged } from './fetch.ts'

const file: ImageFile = { role: 'disk', format: 'raw', sha256: '00'.repeat(32), bytes: 10 }
const content = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

async function fetched(get: (from: number) => Promise<Ranged>): Promise<number[]> {
  const bytes: number[] = []
  for await (const part of fetchImage(file, get)) bytes.push(...part)
  return bytes
}
async function* parts(from: number, size: number, breakAfter = Number.POSITIVE_INFINITY) {
  for (let at = from, sent = 0; at < content.length; at += size) {
    if (sent++ >= breakAfter) throw new Error('reset')
    yield content.subarray(at, at + size)
  }
}

test('goes on where a connection broke, as often as bytes still come', async () => {
  const asked: number[] = []
  const bytes = await fetched(async from => {
    asked.push(from)
    return { status: 206, bytes: parts(from, 1, 2) }
  })
  expect(bytes).toEqual([...content])
  expect(asked).toEqual([0, 2, 4, 6, 8])
})

test('gives up after three connections in a row that bring nothing', async () => {
  let asked = 0
  const get = async (): Promise<Ranged> => {
    asked++
    throw new Error('refused')
  }
  await expect(fetched(get)).rejects.toThrow('refused')
  expect(asked).toBe(3)
})

test('never takes a whole answer for a part', async () => {
  const get = async (from: number): Promise<Ranged> => ({ status: from === 0 ? 206 : 200, bytes: parts(0, 5, 1) })
  await expect(fetched(get)).rejects.toThrow('200')
})

test('yields no more bytes than were promised', async () => {
  const long = async (): Promise<Ranged> => ({
    status: 206,
    bytes: (async function* () {
      yield new Uint8Array(64)
    })(),
  })
  expect(await fetched(long)).toHaveLength(10)
})
