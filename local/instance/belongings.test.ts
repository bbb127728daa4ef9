import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { belongings, inTheWay } from './belongings.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'belongings-'))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

test('an instance knows its own in a directory, and leaves the rest to others', () => {
  for (const name of [
    'control.db',
    'control.db-wal',
    'control.db.1.bak',
    'secrets.json',
    'agent.log.1',
    'notes.txt',
    'lock',
    'tls',
  ])
    writeFileSync(join(data, name), '')
  mkdirSync(join(data, 'agent'))
  expect(belongings(data).sort()).toEqual(
    ['agent', 'agent.log.1', 'control.db', 'control.db-wal', 'control.db.1.bak', 'secrets.json'].sort(),
  )
})

test('a directory of something else stands in the way where names are the same', () => {
  writeFileSync(join(data, 'notes.txt'), '')
  expect(inTheWay(data)).toEqual([])
  mkdirSync(join(data, 'agent'))
  expect(inTheWay(data)).toEqual(['agent'])
  writeFileSync(join(data, 'secrets.json'), '')
  expect(inTheWay(data)).toEqual([])
})

test('where there is no directory, nothing is in the way', () => {
  expect(inTheWay(join(data, 'none'))).toEqual([])
})
