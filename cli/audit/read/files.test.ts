import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { Place } from '../../place.ts'
import { files } from './files.ts'

const placeAt = (storage: string): Place => ({
  folder: storage,
  instance: 'one',
  tag: 'one',
  hosts: [{ id: 'hst_1', name: 'box-1' }],
  driver: { kind: 'simulated' },
  storage,
  runtime: storage,
})

test('rooms that an agent keeps are no leaks while they are empty; what was left in them is one', async () => {
  const storage = temporaryFolder()
  for (const room of ['machines', 'volumes', 'images', 'backups', 'imports', 'consoles', 'pools']) mkdirSync(join(storage, room))
  const read = async () => {
    const found = await files.read(placeAt(storage), 'hst_1')
    if (!found.ok) throw new Error(found.fault.message)
    return found.value.map(({ kind, id }) => `${kind} ${id}`)
  }
  expect(await read()).toEqual([])
  mkdirSync(join(storage, 'imports', 'img_1'))
  writeFileSync(join(storage, 'backups', 'bak_1'), '')
  mkdirSync(join(storage, 'strange'))
  expect(await read()).toEqual(['file backups/bak_1', 'file imports/img_1', 'file strange'])
})
