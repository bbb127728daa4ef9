import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { uefiFirmware } from '@sirocco/agent/drivers/libvirt/host.ts'
import { HostPage } from '@sirocco/shared/api/hosts.ts'
import { Machine } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import { PoolDetail } from '@sirocco/shared/api/pools.ts'
import { sharedMark } from '@sirocco/shared/model/volumes/pool-path.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, here, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { openSite, type Site, sharedDirectory } from '../support/site.ts'
import { until } from '../support/until.ts'
import { type Key, makeKey } from './keys.ts'
import { installation, SiteAgent } from './site-agent.ts'

const run = promisify(execFile)
const why = whyNotReal()
const noUefi = (await uefiFirmware()) === null

const Made = z.object({ volume: z.object({ id: z.string() }) })
const Kept = z.object({ snapshot: z.object({ id: z.string() }) })
const Launched = z.object({ machines: z.array(z.object({ id: z.string(), addresses: z.array(z.string()) })) })
const State = z.object({ state: z.string() })
const Images = z.object({ items: z.array(z.object({ id: z.string() })) })

describe.skipIf(why !== null)(`a machine with volumes, on two hosts${why === null ? '' : ` (${why})`}`, () => {
  let site: Site
  let box: Box
  let one: Instance
  let key: Key
  let agents: SiteAgent[] = []
  let machine = ''
  let address = ''
  let data = ''
  let tokens = 0

  const asked = (method: string, path: string, body?: unknown) => one.insist(method, path, body, `t${++tokens}`)
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await asked(method, path, body)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const becomes = (path: string, state: string) =>
    until(`${path} to be ${state}`, async () => {
      const found = State.parse(await ask('GET', path))
      if (found.state !== state) throw new Error(`it is ${found.state}`)
      return true
    })
  const home = async (): Promise<SiteAgent> => {
    const { host } = Machine.parse(await ask('GET', `/machines/${machine}`))
    const found = agents.find(({ id }) => id === host)
    if (!found) throw new Error(`no host ${host}`)
    return found
  }
  const guest = async (command: string) => {
    const [enter, ...words] = (await home()).host.inside(...key.words(address, command))
    return (await run(enter, words, { timeout: 30_000 })).stdout.trim()
  }
  const sums = (disks: string) => guest(`for d in ${disks}; do head -c 33554432 /dev/$d | sha256sum; done`)
  const launch = async (body: object) => {
    const image = Images.parse(await ask('GET', '/images')).items[0]?.id
    const [launched] = Launched.parse(await ask('POST', '/machines', { image, keyPair: 'mine', ...body })).machines
    machine = launched?.id ?? ''
    address = launched?.addresses[0] ?? ''
    await until('ssh', () => guest('hostname'), 200_000)
  }
  /** To the other host, as it is. */
  const goes = async () => {
    const from = await home()
    await ask('POST', `/machines/${machine}/migrate`, {})
    await until(
      'the move to end',
      async () => {
        const { items } = OperationPage.parse(await ask('GET', `/operations?subject=${machine}`))
        const last = items.find(({ kind }) => kind === 'migration.run')
        if (last?.state === 'failed') throw new Error(`it failed: ${JSON.stringify(last)}`)
        return last?.state === 'done' ? true : null
      },
      120_000,
    )
    expect((await home()).id).not.toBe(from.id)
  }
  const move = async () => {
    await goes()
    await until('ssh', () => guest('hostname'))
  }
  const clean = async () => {
    for (const agent of agents) expect(await agent.audit()).toEqual([])
  }

  beforeAll(async () => {
    site = await openSite(2)
    box = await here()
    key = await makeKey(site.dir)
    one = await Instance.start({ box, name: 'moved', args: ['--no-agent'] })
    const script = await SiteAgent.bundle(site.dir)
    agents = site.hosts.map(host => new SiteAgent(host, one, script))
    for (const agent of agents) {
      await agent.enrol()
      agent.start()
    }
    await until('both hosts to be up', async () => {
      const up = HostPage.parse(await ask('GET', '/hosts')).items.filter(({ state }) => state === 'up')
      return up.length === 2 ? true : null
    })
    await ask('POST', '/key-pairs', { name: 'mine', publicKey: (await readFile(`${key.file}.pub`, 'utf8')).trim() })
    await launch({ name: 'carrier', flavor: 't3.pico' })
  }, 300_000)
  afterAll(async () => {
    await one?.dispose()
    await site?.close()
    await box?.close()
  }, 60_000)

  test('goes to the other host with what both of its disks hold, also what is written meanwhile', async () => {
    data = Made.parse(await ask('POST', '/volumes', { name: 'data', sizeMiB: 64 })).volume.id
    await ask('POST', `/volumes/${data}/attach`, { machine })
    await becomes(`/volumes/${data}`, 'in-use')
    await until('the guest to see it', async () => ((await guest('cat /sys/block/vdc/size')) === `${64 * 2_048}` ? true : null))
    await guest(
      'dd if=/dev/urandom of=/dev/vdc bs=1M count=32 conv=fsync; dd if=/dev/urandom of=/root/mine bs=1M count=8 conv=fsync',
    )
    const before = await guest('head -c 33554432 /dev/vdc | sha256sum; sha256sum < /root/mine')
    // It counts on behind that, and in a file, all the while.
    await guest(
      `sh -c 'echo $$ > /root/counter; n=0; while :; do n=$((n+1)); printf %08d $n | dd of=/dev/vdc bs=1M seek=40 conv=notrunc,fsync; echo $n > /root/count; sync; done' > /dev/null 2>&1 < /dev/null & echo`,
    )
    await move()
    const counted = async () => {
      const [disk, file] = (
        await guest(`dd if=/dev/vdc bs=1M skip=40 iflag=direct count=1 2>/dev/null | head -c 8; echo; cat /root/count`)
      ).split('\n')
      return [Number(disk), Number(file)] as const
    }
    const [disk, file] = await counted()
    expect(Math.abs(disk - file)).toBeLessThan(20)
    expect(file).toBeGreaterThan(0)
    await until('it to count on', async () => ((await counted())[0] > disk ? true : null))
    await guest('kill $(cat /root/counter); sync')
    expect(await guest('echo 3 > /proc/sys/vm/drop_caches; head -c 33554432 /dev/vdc | sha256sum; sha256sum < /root/mine')).toBe(
      before,
    )
    await clean()
  }, 200_000)

  test('goes back while it is stopped, starts there from the same disks, and gives one back', async () => {
    const before = await sums('vdc')
    await ask('POST', `/machines/${machine}/stop`, { force: true })
    await becomes(`/machines/${machine}`, 'stopped')
    await goes()
    await clean()
    await ask('POST', `/machines/${machine}/start`, {})
    await until('ssh', () => guest('hostname'), 200_000)
    expect(await sums('vdc')).toBe(before)
    expect((await guest('sha256sum < /root/mine')).length).toBeGreaterThan(60)
    await ask('POST', `/volumes/${data}/detach`, {})
    await becomes(`/volumes/${data}`, 'available')
    await ask('POST', `/volumes/${data}/attach`, { machine })
    await becomes(`/volumes/${data}`, 'in-use')
    await clean()
  }, 240_000)

  test('stays while one of its volumes has a snapshot, and says so; what stands on former ones goes whole', async () => {
    const snapshot = Kept.parse(await ask('POST', '/snapshots', { volume: data })).snapshot.id
    await becomes(`/snapshots/${snapshot}`, 'ready')
    const refused = await asked('POST', `/machines/${machine}/migrate`, {})
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(JSON.stringify(refused.body)).toContain('snapshots')
    const copy = Made.parse(await ask('POST', '/volumes', { snapshot })).volume.id
    await becomes(`/volumes/${copy}`, 'available')
    await ask('POST', `/volumes/${copy}/attach`, { machine })
    await becomes(`/volumes/${copy}`, 'in-use')
    await ask('DELETE', `/snapshots/${snapshot}`)
    await becomes(`/snapshots/${snapshot}`, 'gone')
    await until('the guest to see it', async () => ((await guest('cat /sys/block/vdd/size')) === `${64 * 2_048}` ? true : null))
    await guest('dd if=/dev/urandom of=/dev/vdc bs=1M count=1 conv=notrunc,fsync')
    const before = await sums('vdc vdd')
    await move()
    expect(await guest('echo 3 > /proc/sys/vm/drop_caches').then(() => sums('vdc vdd'))).toBe(before)
    await clean()
    await move()
    expect(await guest('echo 3 > /proc/sys/vm/drop_caches').then(() => sums('vdc vdd'))).toBe(before)
    await clean()
  }, 240_000)

  test('its screen is shown on the other host as before', async () => {
    expect((await one.ask('GET', `/machines/${machine}/screenshot`)).status).toBe(200)
  })

  test('with its disk in a shared pool it goes on at the other host, and not a byte of the disk is copied', async () => {
    const pool = PoolDetail.parse(await ask('POST', '/pools', { name: 'shared', type: 'nfs', path: sharedDirectory }))
    await writeFile(join(site.dir, 'shared', sharedMark), `${pool.id}\n`)
    await until(
      'both hosts to have it',
      async () => {
        const { hosts } = PoolDetail.parse(await ask('GET', `/pools/${pool.id}`))
        return hosts.length === 2 && hosts.every(({ fault }) => fault === null) ? true : null
      },
      90_000,
    )

    await launch({ name: 'shared', flavor: 't3.pico', pool: 'shared' })
    const disks = () => readdir(join(site.dir, 'shared/sirocco-shared', pool.id), { recursive: true })
    const file = async () => {
      const name = (await disks()).find(path => path.endsWith('0.qcow2')) ?? ''
      return (await stat(join(site.dir, 'shared/sirocco-shared', pool.id, name))).ino
    }
    const own = (agent: SiteAgent) =>
      readdir(join(agent.host.root, 'var/lib/sirocco', installation.instance, 'volumes')).catch(() => [])
    const before = [await disks(), await file()]
    const lying = await Promise.all(agents.map(own))
    await guest('dd if=/dev/urandom of=/root/mine bs=1M count=8 conv=fsync')
    const sum = await guest('sha256sum < /root/mine; cat /proc/sys/kernel/random/boot_id')
    await move()
    expect([await disks(), await file()]).toEqual(before)
    expect(await Promise.all(agents.map(own))).toEqual(lying)
    expect(await guest('echo 3 > /proc/sys/vm/drop_caches; sha256sum < /root/mine; cat /proc/sys/kernel/random/boot_id')).toBe(
      sum,
    )
    await guest('echo more > /root/more; sync')
    await clean()
    await ask('DELETE', `/machines/${machine}`)
    await becomes(`/machines/${machine}`, 'gone')
    await until('the shared directory to be empty', async () => ((await disks()).length === 0 ? true : null))
    await clean()
  }, 300_000)

  test.skipIf(noUefi)(
    'one that starts from UEFI goes, too, and starts there again',
    async () => {
      await launch({ name: 'uefi', flavor: 't3.nano', firmware: 'uefi' })
      await move()
      await clean()
      await ask('POST', `/machines/${machine}/reboot`, {})
      await until('ssh', () => guest('cut -d. -f1 /proc/uptime').then(up => (Number(up) < 100 ? true : null)), 200_000)
      await ask('DELETE', `/machines/${machine}`)
      await becomes(`/machines/${machine}`, 'gone')
      await clean()
    },
    500_000,
  )
})
