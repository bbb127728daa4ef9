import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, openBox, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'
import { type Key, makeKey } from './keys.ts'

const why = whyNotReal()

const Made = z.object({ volume: z.object({ id: z.string() }) })
const Kept = z.object({ snapshot: z.object({ id: z.string() }) })
const BackedUp = z.object({ backup: z.object({ id: z.string() }) })
const Backup = z.object({ state: z.string(), sizeMiB: z.number(), storedBytes: z.number(), base: z.string().nullable() })
const Launched = z.object({ machines: z.array(z.object({ id: z.string(), addresses: z.array(z.string()) })) })
const State = z.object({ state: z.string(), sizeMiB: z.number() })
const Images = z.object({ items: z.array(z.object({ id: z.string() })) })

describe.skipIf(why !== null)(`volumes of a real guest${why === null ? '' : ` (${why})`}`, () => {
  let box: Box
  let one: Instance
  let key: Key
  let machine = ''
  let address = ''
  let data = ''
  let tokens = 0

  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await one.insist(method, path, body, `t${++tokens}`)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const becomes = (path: string, state: string) =>
    until(`${path} to be ${state}`, async () => {
      const found = State.parse(await ask('GET', path))
      if (found.state !== state) throw new Error(`it is ${found.state}`)
      return true
    })
  const guest = (command: string) => key.ssh(address, command)

  beforeAll(async () => {
    box = await openBox()
    key = await makeKey(box.dir)
    one = await Instance.start({ box, name: 'volumes' })
    await ask('POST', '/key-pairs', { name: 'mine', publicKey: (await readFile(`${key.file}.pub`, 'utf8')).trim() })
    const image = Images.parse(await ask('GET', '/images')).items[0]?.id
    const body = { name: 'disks', image, flavor: 't3.pico', keyPair: 'mine', rootDiskMiB: 1536 }
    const [launched] = Launched.parse(await ask('POST', '/machines', body)).machines
    machine = launched?.id ?? ''
    address = launched?.addresses[0] ?? ''
    await until('ssh', () => guest('hostname'), 150_000)
  })
  afterAll(async () => {
    await one?.dispose()
    await box?.close()
  })

  test('the disk it boots from has the size that was asked for', async () => {
    expect(await guest('cat /sys/block/vda/size')).toBe(`${1536 * 2_048}`)
    expect(await one.audit()).toEqual([])
  })

  test('a volume is given to it while it runs, and grows under it', async () => {
    data = Made.parse(await ask('POST', '/volumes', { name: 'data', sizeMiB: 64 })).volume.id
    await ask('POST', `/volumes/${data}/attach`, { machine })
    await becomes(`/volumes/${data}`, 'in-use')
    await until('the guest to see it', async () => ((await guest('cat /sys/block/vdc/size')) === `${64 * 2_048}` ? true : null))
    await guest('echo first | dd of=/dev/vdc bs=512 conv=sync,fsync')
    await ask('POST', `/volumes/${data}/grow`, { sizeMiB: 100 })
    await until('the guest to see it grown', async () =>
      (await guest('cat /sys/block/vdc/size')) === `${100 * 2_048}` ? true : null,
    )
    expect(await one.audit()).toEqual([])
  })

  test('a snapshot under way keeps what was, and a volume made from it has that', async () => {
    const snapshot = Kept.parse(await ask('POST', '/snapshots', { volume: data })).snapshot.id
    await becomes(`/snapshots/${snapshot}`, 'ready')
    await guest('echo later | dd of=/dev/vdc bs=512 conv=sync,fsync')
    const copy = Made.parse(await ask('POST', '/volumes', { snapshot })).volume.id
    await becomes(`/volumes/${copy}`, 'available')
    await ask('POST', `/volumes/${copy}/attach`, { machine })
    await becomes(`/volumes/${copy}`, 'in-use')
    await until('the guest to see it', async () => ((await guest('head -c 5 /dev/vdd')) === 'first' ? true : null))
    expect(await guest('head -c 5 /dev/vdc')).toBe('later')
    await ask('POST', `/volumes/${copy}/detach`, {})
    await becomes(`/volumes/${copy}`, 'available')
    await ask('DELETE', `/snapshots/${snapshot}`)
    await ask('DELETE', `/volumes/${copy}`)
    await becomes(`/volumes/${copy}`, 'gone')
    expect(await one.audit()).toEqual([])
  })

  test('backups of it are increments, outlive it, and each is restored with what it held then', async () => {
    const volume = Made.parse(await ask('POST', '/volumes', { name: 'kept', sizeMiB: 64 })).volume.id
    await ask('POST', `/volumes/${volume}/attach`, { machine })
    await becomes(`/volumes/${volume}`, 'in-use')
    await until('the guest to see it', async () => ((await guest('cat /sys/block/vdd/size')) === `${64 * 2_048}` ? true : null))
    const backUp = async () => {
      const { id } = BackedUp.parse(await ask('POST', '/backups', { volume })).backup
      await becomes(`/backups/${id}`, 'ready')
      return { id, sum: await guest('md5sum < /dev/vdd'), ...Backup.parse(await ask('GET', `/backups/${id}`)) }
    }
    await guest('dd if=/dev/urandom of=/dev/vdd bs=1M count=24 && sync')
    const full = await backUp()
    const changed = 12
    await guest(`for i in $(seq ${changed}); do dd if=/dev/urandom of=/dev/vdd bs=64k count=1 seek=$((i * 80)); done && sync`)
    const next = await backUp()
    expect(full.storedBytes).toBeGreaterThanOrEqual(24 * 2 ** 20)
    expect(next.base).toBe(full.id)
    expect(next.storedBytes / (changed * 65_536)).toBeLessThanOrEqual(1.5)
    await ask('POST', `/volumes/${volume}/detach`, {})
    await becomes(`/volumes/${volume}`, 'available')
    await ask('DELETE', `/volumes/${volume}`)
    await becomes(`/volumes/${volume}`, 'gone')
    for (const { id, sum } of [full, next]) {
      const restored = Made.parse(await ask('POST', '/volumes', { backup: id })).volume.id
      await ask('POST', `/volumes/${restored}/attach`, { machine })
      await becomes(`/volumes/${restored}`, 'in-use')
      await until('the guest to see it', async () => ((await guest('cat /sys/block/vdd/size')) === `${64 * 2_048}` ? true : null))
      expect(await guest('md5sum < /dev/vdd')).toBe(sum)
      await ask('DELETE', `/backups/${id}`)
      await becomes(`/backups/${id}`, 'gone')
      await ask('POST', `/volumes/${restored}/detach`, {})
      await becomes(`/volumes/${restored}`, 'available')
      await ask('DELETE', `/volumes/${restored}`)
      await becomes(`/volumes/${restored}`, 'gone')
    }
    expect(await one.audit()).toEqual([])
  }, 240_000)

  const filesOf = async (volume: string) =>
    (await readdir(join(box.dir, 'machine', one.agent.storage, 'volumes', volume))).filter(name => name.endsWith('.qcow2'))
  const filesBecome = (volume: string, count: number) =>
    until(`${volume} to have ${count} files`, async () => {
      const files = await filesOf(volume)
      if (files.length !== count) throw new Error(`it has ${files.join(' ')}`)
      return true
    })
  let last = ''

  test('files of deleted snapshots go while it runs, and what it reads and what others keep stays', async () => {
    for (const word of ['third', 'forth', 'fifth']) {
      last = Kept.parse(await ask('POST', '/snapshots', { volume: data })).snapshot.id
      await becomes(`/snapshots/${last}`, 'ready')
      await filesBecome(data, 2)
      await guest(`echo ${word} | dd of=/dev/vdc bs=512 seek=8 conv=sync,fsync`)
      if (word !== 'fifth') await ask('DELETE', `/snapshots/${last}`)
    }
    expect(await guest('head -c 5 /dev/vdc; dd if=/dev/vdc bs=512 skip=8 count=1 2>/dev/null | head -c 5')).toBe('laterfifth')
    const copy = Made.parse(await ask('POST', '/volumes', { snapshot: last })).volume.id
    await becomes(`/volumes/${copy}`, 'available')
    await ask('POST', `/volumes/${copy}/attach`, { machine })
    await becomes(`/volumes/${copy}`, 'in-use')
    const read = 'dd if=/dev/vdd bs=512 skip=8 count=1 2>/dev/null | head -c 5'
    await until('the guest to see it', async () => ((await guest(read)) === 'forth' ? true : null))
    await ask('POST', `/volumes/${copy}/detach`, {})
    await becomes(`/volumes/${copy}`, 'available')
    await ask('DELETE', `/volumes/${copy}`)
    await becomes(`/volumes/${copy}`, 'gone')
    expect(await one.audit()).toEqual([])
  })

  test('it stops, and starts again with what it was given meanwhile', async () => {
    await ask('POST', `/machines/${machine}/stop`, { force: true })
    await until('it to be stopped', async () => {
      const { state } = z.object({ state: z.string() }).parse(await ask('GET', `/machines/${machine}`))
      return state === 'stopped' ? true : null
    })
    await ask('DELETE', `/snapshots/${last}`)
    await filesBecome(data, 1)
    const copy = Made.parse(await ask('POST', '/volumes', { volume: data })).volume.id
    await becomes(`/volumes/${copy}`, 'available')
    await ask('POST', `/volumes/${copy}/attach`, { machine, device: 'vdf' })
    await becomes(`/volumes/${copy}`, 'in-use')
    expect(await one.audit()).toEqual([])
    await ask('POST', `/machines/${machine}/start`, {})
    // In the guest, names follow the order of the disks.
    await until('ssh', () => guest('hostname'), 150_000)
    expect(await guest('head -c 5 /dev/vdc; head -c 5 /dev/vdd')).toBe('laterlater')
    expect(await one.audit()).toEqual([])
  })

  test('terminated, it takes along what goes with it, and leaves the rest', async () => {
    await ask('DELETE', `/machines/${machine}`)
    await becomes(`/volumes/${data}`, 'available')
    const { items } = z
      .object({ items: z.array(z.object({ id: z.string(), state: z.string() })) })
      .parse(await ask('GET', '/volumes'))
    for (const { id, state } of items)
      if (state === 'available') {
        await ask('DELETE', `/volumes/${id}`)
        await becomes(`/volumes/${id}`, 'gone')
      }
    expect(items.filter(({ state }) => state === 'available')).toHaveLength(2)
    expect(await one.audit()).toEqual([])
  })
})
