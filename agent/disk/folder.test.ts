import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { folderDisk } from './folder.ts'

const folder = () => join(temporaryFolder(), 'a', 'b')

test('keeps what is appended and replaced, over lives, for its user alone', async () => {
  const dir = folder()
  const disk = await folderDisk(dir)
  expect(await disk.read('journal.jsonl')).toBeNull()
  await disk.append('journal.jsonl', 'one\n')
  await disk.replace('journal.jsonl', 'two\n')
  await disk.append('journal.jsonl', 'three\n')
  expect(await (await folderDisk(dir)).read('journal.jsonl')).toBe('two\nthree\n')
  expect(statSync(join(dir, 'journal.jsonl')).mode & 0o777).toBe(0o600)
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  expect(readdirSync(dir)).toEqual(['journal.jsonl'])
})

test('writes of one file happen in the order in which they were asked', async () => {
  const disk = await folderDisk(folder())
  const writes = Array.from({ length: 50 }, (_, i) => (i === 20 ? disk.replace('f', 'x\n') : disk.append('f', `${i}\n`)))
  await Promise.all(writes)
  expect(await disk.read('f')).toBe(`x\n${Array.from({ length: 29 }, (_, i) => `${i + 21}\n`).join('')}`)
})

test('writes nowhere but in its folder', async () => {
  const disk = await folderDisk(folder())
  for (const name of ['../x', '/etc/x', 'a/b', '', '.x'])
    await expect(Promise.resolve().then(() => disk.append(name, ''))).rejects.toThrow()
})
