import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/web'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backUp } from './control-plane.ts'
import { fetchOf, hranaUrl } from './hrana/fetch.ts'
import { createHrana, type Hrana } from './hrana/hrana.ts'

let folder: string
let hrana: Hrana
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-'))
  hrana = createHrana(join(folder, 'control.db'))
})
afterEach(async () => {
  await hrana.close()
  rmSync(folder, { recursive: true, force: true })
})
const client = () => createClient({ url: hranaUrl, fetch: fetchOf(hrana) })

describe('the copy that is made before a migration', () => {
  it('holds the data as it is, for its owner only', async () => {
    await client().batch(['CREATE TABLE t (a)', 'INSERT INTO t VALUES (7)'], 'write')
    const file = join(folder, 'control.db.1.bak')
    await backUp(client(), file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const copy = new Database(file)
    expect(copy.prepare('SELECT a FROM t').all()).toEqual([{ a: 7 }])
    copy.close()
    expect(existsSync(`${file}.new`)).toBe(false)
  })

  it('is made over what a crash left half-done, and never over a whole one', async () => {
    await client().batch(['CREATE TABLE t (a)'], 'write')
    const file = join(folder, 'control.db.1.bak')
    writeFileSync(`${file}.new`, 'half')
    await backUp(client(), file)
    expect(readFileSync(file, 'latin1')).toMatch(/^SQLite format 3/)
    writeFileSync(file, 'an earlier copy')
    await backUp(client(), file)
    expect(readFileSync(file, 'utf8')).toBe('an earlier copy')
  })

  it('that cannot be made ends the start with a sentence', async () => {
    await expect(backUp(client(), join(folder, 'none/control.db.1.bak'))).rejects.toThrow(/^The copy .* cannot be made/)
  })
})
