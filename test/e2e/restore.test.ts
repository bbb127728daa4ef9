import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { HostPage } from '@sirocco/shared/api/hosts.ts'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, here } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'
import { Fleet } from './fleet.ts'

const root = resolve(import.meta.dirname, '../..')
const State = z.object({ state: z.string(), stateReason: z.unknown() })
const Failed = z.object({ code: z.number(), stderr: z.string() })

/** What `npm run sirocco -- …` answers: how it ended, and what it said. */
async function sirocco(...words: string[]): Promise<{ code: number; said: string }> {
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [join(root, 'local/bootstrap.mjs'), 'sirocco', ...words])
    return { code: 0, said: stderr }
  } catch (error) {
    const { code, stderr } = Failed.parse(error)
    return { code, said: stderr }
  }
}

function incarnationOf(data: string): unknown {
  const database = new Database(join(data, 'control.db'))
  try {
    return database.prepare("SELECT value FROM meta WHERE key = 'incarnation'").get()
  } finally {
    database.close()
  }
}

describe('a control plane that was lost', { timeout: 120_000 }, () => {
  let box: Box
  let instance: Instance
  let fleet: Fleet
  let archive: string
  let key: string
  const machines = { kept: '', stopped: '', deleted: '', later: '' }
  const stateOf = async (id: string) => State.parse((await instance.ask('GET', `/machines/${id}`)).body)
  const orphans = async () => {
    const { items } = HostPage.parse((await instance.ask('GET', '/hosts')).body)
    return items.flatMap(host => host.orphans.map(({ machine }) => machine))
  }

  beforeAll(async () => {
    box = await here()
    instance = await Instance.start({ box, name: 'lost', simulated: 1 })
    fleet = new Fleet(instance)
    archive = join(box.dir, 'backup')
    key = join(box.dir, 'key')
    writeFileSync(key, 'correct horse battery staple\n', { mode: 0o600 })
  })
  afterAll(async () => {
    await instance?.dispose()
    await box?.close()
  })

  test('is backed up while it runs, sealed and for its owner alone', async () => {
    machines.kept = await fleet.settled('create', 'kept', null)
    machines.stopped = await fleet.settled('create', 'stopped', null)
    machines.deleted = await fleet.settled('create', 'deleted', null)
    expect(await sirocco('backup', '--data', instance.data, '--to', archive, '--key-file', key, '--blobs')).toMatchObject({
      code: 0,
    })
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    expect(readFileSync(archive).includes('SQLite format')).toBe(false)
    expect(readdirSync(join(instance.data, 'run')).filter(name => name.startsWith('backup'))).toEqual([])
    expect((await sirocco('backup', '--data', instance.data, '--to', archive, '--key-file', key)).said).toMatch(
      /is there already/,
    )
  })

  test('is restored: its host is taken up again, and nothing is doubled or made anew', async () => {
    machines.later = await fleet.settled('create', 'later', null)
    await fleet.settled('stop', 'stop', machines.stopped)
    await fleet.settled('delete', 'delete', machines.deleted)
    const before = incarnationOf(instance.data)
    await instance.kill('all')

    // The host lives on, with all that it has; the control plane's part of the machine is gone.
    for (const name of readdirSync(instance.data))
      if (!['agent', 'disks'].includes(name)) rmSync(join(instance.data, name), { recursive: true })
    expect(await sirocco('restore', '--data', instance.data, '--from', archive, '--key-file', key)).toMatchObject({ code: 0 })
    expect(incarnationOf(instance.data)).not.toEqual(before)
    await instance.start()

    await until('the one made since to be an orphan', async () => ((await orphans()).includes(machines.later) ? true : null))
    expect((await instance.ask('GET', `/machines/${machines.later}`)).status).toBe(404)
    await until('the one deleted since to be failed', async () =>
      (await stateOf(machines.deleted)).state === 'failed' ? true : null,
    )
    expect(JSON.stringify(await stateOf(machines.deleted))).toMatch(/not on its host any more/)
    // Stopped since: what was wanted then is wanted again.
    await until('the one stopped since to run', async () => ((await stateOf(machines.stopped)).state === 'running' ? true : null))
    expect(await stateOf(machines.kept)).toMatchObject({ state: 'running' })
    expect(await orphans()).toEqual([machines.later])
  })

  test('goes on from there: what is asked now is newer than what was asked before it was lost', async () => {
    await fleet.settled('stop', 'stop-again', machines.stopped)
    await fleet.settled('start', 'start-again', machines.stopped)
    await fleet.settled('delete', 'delete-again', machines.deleted)
    await fleet.settled('delete', 'delete-kept', machines.kept)
    await fleet.settled('create', 'another', null)
    expect(await orphans()).toEqual([machines.later])
  })

  test('is not restored from what is torn, changed or of another key, nor over an instance; the reason is one sentence', async () => {
    const elsewhere = join(box.dir, 'elsewhere')
    const refusal = async (from: string, keyFile = key, data = elsewhere) => {
      const { code, said } = await sirocco('restore', '--data', data, '--from', from, '--key-file', keyFile)
      expect(code).toBe(1)
      expect(readdirSync(data)).not.toContain('secrets.json.new')
      return said.trim().split('\n').at(-1)
    }
    const other = join(box.dir, 'other-key')
    writeFileSync(other, 'another horse battery staple\n')
    expect(await refusal(archive, other)).toMatch(/cannot be opened: its passphrase is another/)
    expect(await refusal(archive, key, instance.data)).toMatch(/restore to an empty directory|is in use/)

    const bytes = readFileSync(archive)
    const changed = join(box.dir, 'changed')
    writeFileSync(changed, bytes.with(bytes.length - 100, (bytes.at(-100) ?? 0) ^ 1))
    expect(await refusal(changed)).toMatch(/was changed after it was made/)
    const torn = join(box.dir, 'torn')
    renameSync(changed, torn)
    truncateSync(torn, bytes.length - 100)
    expect(await refusal(torn)).toMatch(/is torn/)
    writeFileSync(torn, 'no backup at all, but long enough to have been one of ours')
    expect(await refusal(torn)).toMatch(/is no backup/)
    expect(readdirSync(elsewhere).filter(name => name !== 'run')).toEqual([])
  })
})
