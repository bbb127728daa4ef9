import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { GiB, MiB } from '@sirocco/shared/kit/units.ts'
import { chunkBytes } from '@sirocco/shared/model/backups/table.ts'
import type { BackupResult } from '@sirocco/shared/wire/backups.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BackupObjects } from '../ports/backups.ts'
import { run } from '../programs/run.ts'
import type { RunConfined } from '../programs/sandbox.ts'
import { broughtDisk } from '../storage/brought.ts'
import { linuxBackups } from './linux.ts'

const missing = ['qemu-img', 'qemu-io'].filter(program => spawnSync(program, ['--version']).error !== undefined)
const ids = ['bak_00000000000000000001', 'bak_00000000000000000002', 'bak_00000000000000000003'] as const

let dir = ''
/** Objects by `maker/level/index`, and roots of what is ready. */
let kept: Map<string, Buffer>
let roots: Map<string, BackupResult>
/** Bytes that were sent, and requests that may still be answered. */
let sent = 0
let left = Number.POSITIVE_INFINITY
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backup-'))
  kept = new Map()
  roots = new Map()
  sent = 0
  left = Number.POSITIVE_INFINITY
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const objects: BackupObjects = {
  async root(backup) {
    const root = roots.get(backup)
    return root ? ok(root) : refuse('precondition', 'no such backup')
  },
  async get(_, { maker, level, index }, { offset, length }) {
    const bytes = kept.get(`${maker}/${level}/${index}`)
    return bytes ? ok(bytes.subarray(offset, offset + length)) : refuse('precondition', 'no such object')
  },
  async put(backup, { level, index }, bytes) {
    left -= 1
    if (left < 0) return refuse('unavailable', 'cut short')
    sent += bytes.length
    kept.set(`${backup}/${level}/${index}`, bytes)
    return ok(undefined)
  },
}

const unconfined: RunConfined = (program, args) => run(program, args)
const backups = () => linuxBackups({ dir, run: unconfined, objects })
const never = new AbortController().signal
const at = (name: string) => join(dir, name)

function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}
const qemu = async (program: string, ...args: string[]) => {
  const ran = await run(program, args)
  expect(ran.code, ran.stderr).toBe(0)
}
/** Of the volume: two windows, and both ways across their border. */
const gib = 2
/** A volume whose beginning holds random bytes. */
async function make(mib: number): Promise<void> {
  const raw = await open(at('first.raw'), 'w')
  for (let i = 0; i < mib; i += 1) await raw.write(randomBytes(MiB))
  await raw.truncate(gib * GiB)
  await raw.close()
  await qemu('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', at('first.raw'), at('0.qcow2'))
  await rm(at('first.raw'))
}
/** What a guest does that goes on above a snapshot: changes clusters. */
async function change(under: string, above: string, writes: readonly string[]): Promise<void> {
  await qemu('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', at(under), '-F', 'qcow2', at(above))
  await qemu('qemu-io', '-f', 'qcow2', ...writes.flatMap(each => ['-c', each]), at(above))
}
/** Fails where a guest could tell one from the other. */
const alike = (one: string, other: string) => qemu('qemu-img', 'compare', '-f', 'qcow2', '-F', 'qcow2', one, other)
async function take(id: string, name: string, base: string | null): Promise<Result<BackupResult>> {
  const wanted = { kind: 'backup', id, generation: 1, snapshot: 'snp_1', volume: 'vol_1', base } as const
  const frozen = { path: at(name), format: 'qcow2', virtualBytes: gib * GiB } as const
  const taken = await backups().take(wanted, frozen, () => {}, never)
  if (taken.ok) roots.set(id, taken.value)
  return taken
}
async function givesBack(id: string, name: string, sizeMiB = gib * 1_024): Promise<void> {
  granted(await backups().bring({ id: 'vol_2', sizeMiB }, id, () => {}, never))
  await alike(broughtDisk(dir, 'vol_2'), at(name))
  await backups().keepOnly([])
}

describe.skipIf(missing.length > 0)('backups of a volume', () => {
  test('send little more than the clusters that changed, and each gives back all that the volume held', async () => {
    await make(64)
    const [first, second, third] = ids
    granted(await take(first, '0.qcow2', null))
    // Far apart, so that each costs tables of its own.
    const places = Array.from({ length: 40 }, (_, i) => i * 800 + 7)
    const writes = places.map((place, i) => `write -P ${i + 1} ${place * chunkBytes} 64k`)
    await change('0.qcow2', '1.qcow2', writes)
    sent = 0
    const next = granted(await take(second, '1.qcow2', first))
    expect(sent).toBe(next.storedBytes)
    expect(sent / (places.length * chunkBytes)).toBeLessThanOrEqual(1.5)
    // Some of it is given up again, and one cluster changes.
    await change('1.qcow2', '2.qcow2', ['write -z 0 32M', 'write -P 9 1500M 4k'])
    granted(await take(third, '2.qcow2', second))
    for (const [id, name] of [
      [first, '0.qcow2'],
      [second, '1.qcow2'],
      [third, '2.qcow2'],
    ] as const)
      await givesBack(id, name)
    expect(await readdir(at('backups'))).toEqual([])
  }, 240_000)

  test('send next to nothing where nothing changed, whatever the volume holds', async () => {
    await make(40)
    granted(await take(ids[0], '0.qcow2', null))
    sent = 0
    granted(await take(ids[1], '0.qcow2', ids[0]))
    expect(sent).toBeLessThan(200)
  }, 120_000)

  test('make the same objects when one is taken again after it was cut short', async () => {
    await make(20)
    left = 2
    const cut = await take(ids[0], '0.qcow2', null)
    expect(cut.ok ? null : cut.fault.code).toBe('unavailable')
    const early = new Map(kept)
    expect(early.size).toBe(2)
    left = Number.POSITIVE_INFINITY
    granted(await take(ids[0], '0.qcow2', null))
    for (const [name, bytes] of early) expect(kept.get(name)?.equals(bytes), name).toBe(true)
  }, 120_000)

  test('are restored to a larger volume, and its rest is empty', async () => {
    await make(2)
    granted(await take(ids[0], '0.qcow2', null))
    await qemu('qemu-img', 'resize', '-q', '-f', 'qcow2', at('0.qcow2'), '3G')
    await givesBack(ids[0], '0.qcow2', 3 * 1_024)
  }, 120_000)

  test.each([
    ['a chunk', '0/0'],
    ['a table', '1/0'],
    ['the root', '3/0'],
  ])(
    'are not restored where %s was changed in the store',
    async (_, name) => {
      await make(2)
      granted(await take(ids[0], '0.qcow2', null))
      const bytes = kept.get(`${ids[0]}/${name}`)
      bytes?.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
      const brought = await backups().bring({ id: 'vol_2', sizeMiB: gib * 1_024 }, ids[0], () => {}, never)
      expect(brought.ok ? null : brought.fault.code).toBe('invalid')
      await expect(open(broughtDisk(dir, 'vol_2'))).rejects.toThrow('ENOENT')
    },
    120_000,
  )

  test('are not taken while files of the volume are being merged, but later', async () => {
    const busy: RunConfined = async () => ({ code: 1, stdout: '', stderr: 'Failed to get shared "write" lock' })
    const wanted = { kind: 'backup', id: ids[0], generation: 1, snapshot: 'snp_1', volume: 'vol_1', base: null } as const
    const frozen = { path: at('0.qcow2'), format: 'qcow2', virtualBytes: GiB } as const
    const taken = await linuxBackups({ dir, run: busy, objects }).take(wanted, frozen, () => {}, never)
    expect(taken.ok ? null : taken.fault.code).toBe('unavailable')
  })
})
