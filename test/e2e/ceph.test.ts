import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { HostPage } from '@sirocco/shared/api/hosts.ts'
import { Machine } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import { PoolDetail } from '@sirocco/shared/api/pools.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, here, whyNotReal } from '../support/box.ts'
import { type TestCeph, testCeph, whyNoCeph } from '../support/ceph.ts'
import { Instance } from '../support/instance.ts'
import { beside, openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import { type Key, makeKey } from './keys.ts'
import { SiteAgent } from './site-agent.ts'

const run = promisify(execFile)
const why = whyNotReal() ?? whyNoCeph()

const Made = z.object({ volume: z.object({ id: z.string() }) })
const Kept = z.object({ snapshot: z.object({ id: z.string() }) })
const Launched = z.object({ machines: z.array(z.object({ id: z.string(), addresses: z.array(z.string()) })) })
const State = z.object({ state: z.string() })
const Images = z.object({ items: z.array(z.object({ id: z.string() })) })
const Names = z.array(z.string())

describe.skipIf(why !== null)(`a machine whose disks lie in Ceph, on two hosts${why === null ? '' : ` (${why})`}`, () => {
  let site: Site
  let box: Box
  let one: Instance
  let key: Key
  let ceph: TestCeph
  let agents: SiteAgent[] = []
  let machine = ''
  let address = ''
  let data = ''
  let tokens = 0

  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await one.insist(method, path, body, `t${++tokens}`)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const becomes = (path: string, state: string, ms = 60_000) =>
    until(
      `${path} to be ${state}`,
      async () => {
        const found = State.parse(await ask('GET', path))
        if (found.state !== state) throw new Error(`it is ${found.state}`)
        return true
      },
      ms,
    )
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
  const images = async () => Names.parse(JSON.parse(await ceph.ask('rbd', ['ls', '--format', 'json', ceph.pool]))).sort()
  const idsOf = async () =>
    Promise.all(
      (await images()).map(
        async name => /"id":"(\w+)"/.exec(await ceph.ask('rbd', ['info', '--format', 'json', `${ceph.pool}/${name}`]))?.[1],
      ),
    )
  const state = () => guest('echo 3 > /proc/sys/vm/drop_caches; sha256sum < /root/mine; head -c 33554432 /dev/vdc | sha256sum')
  const clean = async () => {
    for (const agent of agents) expect(await agent.audit()).toEqual([])
  }

  beforeAll(async () => {
    site = await openSite(2)
    ceph = await testCeph({ address: beside, inside: (...words) => site.outside(...words) })
    box = await here()
    key = await makeKey(site.dir)
    one = await Instance.start({ box, name: 'ceph', args: ['--no-agent'] })
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
    const { monitors, user } = ceph
    const pool = PoolDetail.parse(
      await ask('POST', '/pools', { name: 'ceph', type: 'rbd', path: ceph.pool, ceph: { monitors, user, key: ceph.key } }),
    )
    await until(
      'both hosts to reach it',
      async () => {
        const { hosts } = PoolDetail.parse(await ask('GET', `/pools/${pool.id}`))
        return hosts.length === 2 && hosts.every(({ fault }) => fault === null) ? true : null
      },
      90_000,
    )
    const image = Images.parse(await ask('GET', '/images')).items[0]?.id
    const wanted = { image, keyPair: 'mine', name: 'carried', flavor: 't3.pico', pool: 'ceph', recover: 'disk' }
    const [launched] = Launched.parse(await ask('POST', '/machines', wanted)).machines
    machine = launched?.id ?? ''
    address = launched?.addresses[0] ?? ''
    await until('ssh', () => guest('hostname'), 200_000)
  }, 300_000)
  afterAll(async () => {
    await one?.dispose()
    await ceph?.close()
    await site?.close()
    await box?.close()
  }, 60_000)

  test('is given a volume while it runs, which grows and is kept under it', async () => {
    data = Made.parse(await ask('POST', '/volumes', { name: 'data', sizeMiB: 64, pool: 'ceph' })).volume.id
    await ask('POST', `/volumes/${data}/attach`, { machine })
    await becomes(`/volumes/${data}`, 'in-use')
    await until('the guest to see it', async () => ((await guest('cat /sys/block/vdc/size')) === `${64 * 2_048}` ? true : null))
    await guest(
      'dd if=/dev/urandom of=/dev/vdc bs=1M count=32 conv=fsync; dd if=/dev/urandom of=/root/mine bs=1M count=8 conv=fsync',
    )
    await ask('POST', `/volumes/${data}/grow`, { sizeMiB: 96 })
    await until('the guest to see more', async () => ((await guest('cat /sys/block/vdc/size')) === `${96 * 2_048}` ? true : null))
    const before = await state()
    const snapshot = Kept.parse(await ask('POST', '/snapshots', { volume: data })).snapshot.id
    await becomes(`/snapshots/${snapshot}`, 'ready')
    const copy = Made.parse(await ask('POST', '/volumes', { snapshot })).volume.id
    await becomes(`/volumes/${copy}`, 'available')
    await ask('POST', `/volumes/${copy}/attach`, { machine })
    await becomes(`/volumes/${copy}`, 'in-use')
    await until('the guest to see the copy', async () =>
      (await guest('cat /sys/block/vdd/size')) === `${96 * 2_048}` ? true : null,
    )
    const sum = (disk: string) => guest(`head -c 33554432 /dev/${disk} | sha256sum`)
    expect(await sum('vdd')).toBe(await sum('vdc'))
    await clean()
    await ask('DELETE', `/snapshots/${snapshot}`)
    await becomes(`/snapshots/${snapshot}`, 'gone')
    await ask('POST', `/volumes/${copy}/detach`, {})
    await becomes(`/volumes/${copy}`, 'available')
    await ask('DELETE', `/volumes/${copy}`)
    await becomes(`/volumes/${copy}`, 'gone')
    expect(await state()).toBe(before)
    expect(await images()).toHaveLength(2)
    await clean()
  }, 240_000)

  test('goes to the other host as it runs: the images stay what they were', async () => {
    const before = [await state(), await guest('cat /proc/sys/kernel/random/boot_id'), await images(), await idsOf()]
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
    await until('ssh', () => guest('hostname'))
    expect([await state(), await guest('cat /proc/sys/kernel/random/boot_id'), await images(), await idsOf()]).toEqual(before)
    await guest('echo more > /root/more; sync')
    await clean()
  }, 240_000)

  test('goes on elsewhere with what it holds once its host is fenced', async () => {
    const before = await state()
    const dead = await home()
    const [left] = agents.filter(agent => agent !== dead)
    await dead.host.kill()
    await until(
      'the host to be silent',
      async () => {
        const found = HostPage.parse(await ask('GET', '/hosts')).items.find(({ id }) => id === dead.id)
        return found && found.state !== 'up' ? true : null
      },
      200_000,
    )
    await ask('POST', `/hosts/${dead.id}/fence`, { how: 'word', confirm: dead.host.name })
    await until('it to be there', async () => ((await home().catch(() => null)) === left ? true : null), 120_000)
    await until('ssh', () => guest('hostname'), 200_000)
    expect(await state()).toBe(before)
    await ask('DELETE', `/machines/${machine}`)
    await becomes(`/machines/${machine}`, 'gone', 120_000)
    await ask('DELETE', `/volumes/${data}`)
    await becomes(`/volumes/${data}`, 'gone', 120_000)
    expect(await images()).toEqual([])
    expect(await left?.audit()).toEqual([])
  }, 500_000)
})
