import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client/web'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../shared/kit/secret.ts'
import { fetchOf, hranaUrl } from './fetch.ts'
import { createHrana, type Hrana } from './hrana.ts'
import { listen } from './listen.ts'
import { createThreadedHrana, laneOf } from './threads.ts'

const clientOf = (hrana: Hrana): Client => createClient({ url: hranaUrl, fetch: fetchOf(hrana) })

describe.each([
  ['in this thread', async (file: string) => createHrana(file)],
  ['in threads of its own', createThreadedHrana],
])('a database served %s', (_, open) => {
  let folder: string
  let hrana: Hrana
  let client: Client

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hrana-'))
    hrana = await open(join(folder, 'test.db'))
    client = clientOf(hrana)
    await client.execute('CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size REAL, data BLOB)')
  })

  afterEach(async () => {
    client.close()
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const count = async () => Number((await client.execute('SELECT count(*) n FROM thing')).rows[0]?.n)

  it('gives back every type of value as it was put in', async () => {
    const data = Uint8Array.from([0, 1, 254, 255])
    await client.execute({ sql: 'INSERT INTO thing VALUES (?, ?, ?, ?)', args: [7, 'a', 1.5, data] })
    await client.execute({ sql: 'INSERT INTO thing VALUES (:id, :name, NULL, NULL)', args: { id: 8, name: 'é' } })
    const { rows, columns } = await client.execute('SELECT * FROM thing ORDER BY id')
    expect(columns).toEqual(['id', 'name', 'size', 'data'])
    expect(rows.map(row => [row.id, row.name, row.size])).toEqual([
      [7, 'a', 1.5],
      [8, 'é', null],
    ])
    expect(new Uint8Array(rows[0]?.data as ArrayBuffer)).toEqual(data)
  })

  it('runs with a durable journal and foreign keys', async () => {
    const writer = await client.transaction('write')
    const pragma = async (name: string) => Object.values((await writer.execute(`PRAGMA ${name}`)).rows[0] ?? {})[0]
    expect([await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys')]).toEqual(['wal', 2, 1])
    await writer.rollback()
  })

  it('rolls back a whole batch when a statement of it fails, and says which', async () => {
    const failing = client.batch(
      ["INSERT INTO thing (name) VALUES ('a')", "INSERT INTO thing (name) VALUES ('a')", "INSERT INTO thing (name) VALUES ('b')"],
      'write',
    )
    await expect(failing).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT', statementIndex: 1 })
    expect(await count()).toBe(0)
  })

  it('lands all of many concurrent batches', async () => {
    await client.execute('CREATE TABLE counter (n INTEGER)')
    await client.execute('INSERT INTO counter VALUES (0)')
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let i = 0; i < 10; i++) {
        const insert = { sql: 'INSERT INTO thing (name) VALUES (?)', args: [`${writer}-${i}`] }
        await client.batch(['UPDATE counter SET n = n + 1', insert, 'SELECT count(*) FROM thing'], 'write')
      }
    })
    await Promise.all(writers)
    expect(await count()).toBe(160)
    expect((await client.execute('SELECT n FROM counter')).rows[0]?.n).toBe(160)
  })

  it('lets a second writer wait for an open transaction, and readers not', async () => {
    const first = await client.transaction('write')
    await first.execute("INSERT INTO thing (name) VALUES ('first')")
    let second = false
    const waits = client.execute("INSERT INTO thing (name) VALUES ('second')").then(() => {
      second = true
    })
    expect(await count()).toBe(0)
    expect(second).toBe(false)
    await first.commit()
    await waits
    expect(await count()).toBe(2)
  })

  it('commits nothing by halves on a connection whose write met a lock', async () => {
    await client.execute("INSERT INTO thing (name) VALUES ('old')")
    const late = await client.transaction('deferred')
    await late.execute('SELECT * FROM thing')
    await client.execute("INSERT INTO thing (name) VALUES ('between')")
    await expect(late.execute("INSERT INTO thing (name) VALUES ('late')")).rejects.toMatchObject({ code: 'SQLITE_BUSY_SNAPSHOT' })
    await expect(late.commit()).rejects.toThrow(/locked/)
    for (let i = 0; i < 10; i++) await client.execute({ sql: 'INSERT INTO thing (name) VALUES (?)', args: [`after ${i}`] })
    expect(await count()).toBe(12)
  })

  it('goes on after a refused statement within a transaction', async () => {
    const transaction = await client.transaction('write')
    await transaction.execute("INSERT INTO thing (name) VALUES ('a')")
    await expect(transaction.execute("INSERT INTO thing (name) VALUES ('a')")).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT',
    })
    await transaction.execute("INSERT INTO thing (name) VALUES ('b')")
    await transaction.commit()
    expect(await count()).toBe(2)
  })

  it('counts what WITH … INSERT … RETURNING and INSERT … RETURNING changed, and nothing for reads', async () => {
    const insert = await client.execute(
      "WITH x(n) AS (VALUES ('a'), ('b')) INSERT INTO thing (name) SELECT n FROM x RETURNING id",
    )
    expect([insert.rows.length, insert.rowsAffected]).toEqual([2, 2])
    expect((await client.execute("INSERT INTO thing (name) VALUES ('c') RETURNING id")).rowsAffected).toBe(1)
    expect((await client.execute('WITH x AS (SELECT 1) SELECT * FROM thing')).rowsAffected).toBe(0)
  })

  it('keeps changes() for the guard right after an update', async () => {
    await client.execute("INSERT INTO thing (name) VALUES ('a')")
    const guarded = (name: string) =>
      client.batch(
        [
          { sql: 'UPDATE thing SET size = 2 WHERE name = ? RETURNING id', args: [name] },
          "SELECT CASE WHEN changes() = 0 THEN json('stale') END",
        ],
        'write',
      )
    await expect(guarded('nobody')).rejects.toMatchObject({ statementIndex: 1 })
    await guarded('a')
  })

  it('refuses several statements where one is asked, and runs them where several are', async () => {
    await expect(client.execute("INSERT INTO thing (name) VALUES ('a'); DROP TABLE thing")).rejects.toThrow(/more than one/)
    await client.executeMultiple("INSERT INTO thing (name) VALUES ('x;y'); INSERT INTO thing (name) VALUES ('z')")
    expect(await count()).toBe(2)
  })

  it('gives all columns of a table that has grown since the statement was first prepared', async () => {
    await client.execute("INSERT INTO thing (name) VALUES ('a')")
    await client.execute('SELECT * FROM thing')
    await client.execute('ALTER TABLE thing ADD COLUMN colour TEXT')
    expect((await client.execute('SELECT * FROM thing')).columns).toEqual(['id', 'name', 'size', 'data', 'colour'])
  })

  it('answers every pipeline that comes after closing with a refusal', async () => {
    await hrana.close()
    expect((await hrana.pipeline('{"requests":[]}')).status).toBe(503)
  })
})

describe('a stream that is left alone', () => {
  it('is rolled back, its baton refused, its lock free for others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hrana-'))
    const hrana = createHrana(join(folder, 'test.db'), { limits: { baton: 20 } })
    const client = clientOf(hrana)
    await client.execute('CREATE TABLE thing (id INTEGER PRIMARY KEY)')
    const lost = await client.transaction('write')
    await lost.execute('INSERT INTO thing VALUES (1)')
    await client.execute('INSERT INTO thing VALUES (2)')
    await expect(lost.execute('INSERT INTO thing VALUES (3)')).rejects.toThrow(/expired/)
    expect((await client.execute('SELECT id FROM thing')).rows.map(row => row.id)).toEqual([2])
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('that never ends makes a writer give up as busy in the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hrana-'))
    const hrana = createHrana(join(folder, 'test.db'), { limits: { busy: 30, busyPause: 5 } })
    const client = clientOf(hrana)
    await client.execute('CREATE TABLE thing (id INTEGER PRIMARY KEY)')
    const holder = await client.transaction('write')
    await holder.execute('INSERT INTO thing VALUES (1)')
    await expect(client.execute('INSERT INTO thing VALUES (2)')).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    await holder.commit()
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('counts among the connections, of which there is a limit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hrana-'))
    const hrana = createHrana(join(folder, 'test.db'), { limits: { connections: 1, busy: 10, busyPause: 5 } })
    const open = '{"requests":[{"type":"get_autocommit"}]}'
    expect((await hrana.pipeline(open)).status).toBe(200)
    expect((await hrana.pipeline(open)).status).toBe(503)
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('the port', () => {
  it('asks for the token, bounds the body and speaks to the client', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hrana-'))
    const hrana = createHrana(join(folder, 'test.db'))
    const server = await listen(hrana, new Secret('sesame'))
    const url = `http://127.0.0.1:${server.port}`
    const post = (body: string, token: string) =>
      fetch(`${url}/v2/pipeline`, { method: 'POST', body, headers: { authorization: `Bearer ${token}` } })
    expect((await post('{"requests":[]}', 'sesam')).status).toBe(401)
    expect((await post('nonsense', 'sesame')).status).toBe(400)
    expect((await post('x'.repeat(17 * 1024 * 1024), 'sesame').catch(() => ({ status: 413 }))).status).toBe(413)
    const client = createClient({ url, authToken: 'sesame' })
    expect((await client.execute('SELECT 1 one')).rows[0]?.one).toBe(1)
    await server.close()
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('the lane of a pipeline', () => {
  const pipeline = (...requests: object[]) => laneOf(JSON.stringify({ requests }))
  const execute = (sql: string) => ({ type: 'execute', stmt: { sql } })
  const close = { type: 'close' }

  it.each([
    ['a closing read', 'reader', [execute(' -- list\nSELECT 1'), close]],
    ['a read-only transaction', 'reader', [execute('BEGIN TRANSACTION READONLY')]],
    ['a read on a stream that goes on', 'writer', [execute('SELECT 1')]],
    ['a deferred transaction that goes on', 'writer', [execute('BEGIN DEFERRED'), execute('SELECT 1')]],
    ['WITH, which may write', 'writer', [execute('WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x'), close]],
    ['a write among reads', 'writer', [execute('SELECT 1'), execute('DELETE FROM t'), close]],
    ['a text stored before', 'writer', [{ type: 'execute', stmt: { sql_id: 1 } }, close]],
    ['several statements at once', 'writer', [{ type: 'sequence', sql: 'SELECT 1; DELETE FROM t' }, close]],
  ] as const)('of %s is the %s', (_, lane, requests) => {
    expect(pipeline(...requests)).toBe(lane)
  })
})
