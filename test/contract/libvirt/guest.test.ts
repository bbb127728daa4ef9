import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { flatten } from '@sirocco/agent/images/convert.ts'
import { bridgeName } from '@sirocco/agent/network/names.ts'
import type { Definition, MachineDisk } from '@sirocco/agent/ports/compute.ts'
import type { NetworkOnHost } from '@sirocco/agent/ports/network.ts'
import { runConfined } from '@sirocco/agent/programs/sandbox.ts'
import { readQcow2 } from '@sirocco/agent/storage/qcow2.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { GiB, MiB } from '@sirocco/shared/kit/units.ts'
import type { ImageFile, WantedMachine, WantedNetwork, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { type LibvirtBench, libvirtBench } from './bench.ts'
import { ownRange, ownTag } from './own.ts'

const why = whyNoLibvirtd()
const tag = ownTag(1)
const [fore, rear] = [ownRange(0), ownRange(1)]

const network = (id: string, range: string): WantedNetwork => ({
  kind: 'network',
  id,
  generation: 1,
  cidr: `${range}.0/24`,
  gateway: `${range}.1`,
  mtu: 1450,
  domain: `${id.replaceAll('_', '-')}.internal`,
  gone: false,
})

const front = network('net_front', fore)
const back = network('net_back', rear)

const rootOf = (bench: LibvirtBench, machine: string): WantedVolume => ({
  ...emptyVolume(machine.replace('vm_', 'vol_'), 512),
  source: { from: 'image', image: bench.image.id, files: bench.image.files.filter(({ role }) => role === 'disk') },
})
const emptyVolume = (id: string, sizeMiB: number): WantedVolume => ({
  kind: 'volume',
  id,
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  sizeMiB,
  source: { from: 'nothing' },
  attached: null,
  gone: false,
})

const machine = (bench: LibvirtBench, id: string, name: string, on: WantedNetwork, last: number, key: string): WantedMachine => ({
  kind: 'machine',
  id,
  generation: 1,
  power: 'on',
  name,
  vcpus: 1,
  memoryMiB: 128,
  image: bench.image,
  ports: [
    {
      id: `prt_${name}`,
      network: on.id,
      mac: `52:54:00:00:${on === front ? '0f' : '0b'}:${last.toString(16).padStart(2, '0')}`,
      address: on.gateway.replace(/1$/, String(last)),
    },
  ],
  seed: {
    instanceId: `i-${name}`,
    keys: [key],
    userData: Buffer.from(`#!/bin/sh\necho "user data of $(hostname)" > /root/ran\n`).toString('base64'),
  },
})

const granted = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

async function until(what: string, ms: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await pause(100))
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`)
}

const spoken = async (address: string, port: number): Promise<string> => {
  let text = ''
  for await (const chunk of connect(port, address)) text += chunk
  return text
}

describe.skipIf(why !== null)(`guests of libvirt's QEMU driver, as QEMU's own user${why === null ? '' : ` (${why})`}`, () => {
  let bench: LibvirtBench
  let key: string
  let web: WantedMachine
  let db: WantedMachine

  const onHost = (...machines: WantedMachine[]): NetworkOnHost[] =>
    [front, back].map(one => ({
      network: one,
      ports: machines.flatMap(m => m.ports.filter(port => port.network === one.id).map(port => ({ ...port, hostname: m.name }))),
    }))

  /** A volume, made, as a machine is given it. */
  const volumeOf = async (wanted: WantedVolume, device: string): Promise<MachineDisk> => {
    granted(await bench.volumes.make(wanted))
    const found = granted(await bench.volumes.find(wanted))
    if (!found) throw new Error('it was made')
    return { volume: wanted.id, device, source: found.source, boot: device === 'vda', readOnly: false }
  }

  const make = async (wanted: WantedMachine): Promise<Definition> => {
    const files = granted(await bench.storage.prepare(wanted))
    const plugs = wanted.ports.map(port => bench.networks.plug(port, port.network === front.id ? front : back))
    return { machine: wanted, files, disks: [await volumeOf(rootOf(bench, wanted.id), 'vda')], plugs }
  }

  const launch = async (wanted: WantedMachine) => {
    granted(await bench.compute.define(await make(wanted)))
    granted(await bench.compute.start(wanted.id))
  }

  /** What a command in the guest prints. */
  const ssh = (wanted: WantedMachine, command: string): Promise<{ code: number | null; out: string }> =>
    new Promise(resolve => {
      const options = [
        'BatchMode=yes',
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
        'ConnectTimeout=5',
        'LogLevel=ERROR',
      ]
      const args = [...options.flatMap(option => ['-o', option]), '-i', key, `root@${wanted.ports[0]?.address}`, command]
      const child = spawn('ssh', args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 })
      let out = ''
      child.stdout.on('data', chunk => {
        out += chunk
      })
      child.on('close', code => resolve({ code, out: out.trim() }))
    })

  const log = async (wanted: WantedMachine) => Buffer.from(granted(await bench.compute.consoleLog(wanted.id))).toString()
  const found = async (wanted: WantedMachine) => granted(await bench.compute.list()).find(({ id }) => id === wanted.id)

  beforeAll(async () => {
    bench = await libvirtBench(tag, 'libvirt-qemu')
    await mkdir(join(bench.libvirtd.dir, 'ssh'), { mode: 0o700 })
    key = join(bench.libvirtd.dir, 'ssh/key')
    expect(spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a "quoted" comment: x', '-f', key]).status).toBe(0)
    const publicKey = (await readFile(`${key}.pub`, 'utf8')).trim()
    web = machine(bench, 'vm_web', 'web', front, 10, publicKey)
    db = machine(bench, 'vm_db', 'db', back, 20, publicKey)
    for (const file of bench.image.files) granted(await bench.storage.keep(file, bench.bytesOf(file.sha256)))
    granted(await bench.networks.apply(onHost(web, db)))
    await launch(web)
    await launch(db)
    for (const one of [web, db])
      await until(`${one.name}'s login prompt`, 90_000, async () => (await log(one)).includes('login:'))
  }, 240_000)

  afterAll(async () => {
    if (!bench) return
    for (const one of [web, db]) {
      await bench.compute.cut(one.id)
      await bench.compute.undefine(one.id)
      await bench.storage.remove(one.id)
    }
    await bench.networks.apply([])
    await bench.close()
  }, 60_000)

  /** User-data goes on after the login prompt. */
  const ran = (wanted: WantedMachine) =>
    until(
      `${wanted.name}'s user-data`,
      20_000,
      async () => (await ssh(wanted, 'cat /root/ran; sync')).out === `user data of ${wanted.name}`,
    )

  test('ssh with the seeded key works from the host; hostname and user-data are the machine’s own', async () => {
    await ran(web)
    const answer = await ssh(web, 'hostname; ip -4 -o addr show eth0; cat /etc/resolv.conf; cat /sys/class/net/eth0/mtu')
    expect(answer.code).toBe(0)
    for (const part of ['web', `${fore}.10/24`, `nameserver ${fore}.1`, '1450']) expect(answer.out).toContain(part)
  }, 30_000)

  test('the processor is one that systems built for x86-64-v2 boot on', async () => {
    const { out } = await ssh(web, "sed -n 's/^flags.*: //p' /proc/cpuinfo")
    expect(out.split(' ')).toEqual(expect.arrayContaining(['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3']))
  }, 30_000)

  test('QEMU is not root, and what it was given is nobody else’s', async () => {
    const pid = await bench.libvirtd.qemu(`sirocco-${tag}-vm_web`)
    const uid = Number(/^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
    expect(uid).not.toBe(0)
    const { seed } = granted(await bench.storage.prepare(web))
    const disk = granted(await bench.volumes.find(rootOf(bench, web.id)))?.source.path ?? ''
    for (const path of [disk, seed]) expect(await stat(path)).toMatchObject({ uid, mode: 0o100600 })
  })

  test('a guest sees a volume that it is given, that it grew, and that it was taken away; what it wrote is in a snapshot', async () => {
    // Of a pool of its own, whose directory the agent knows by a link.
    const pool = { type: 'directory', id: 'spl_fast', path: join(bench.libvirtd.dir, 'fast') } as const
    await mkdir(pool.path)
    const data: WantedVolume = { ...emptyVolume('vol_data', 64), pool }
    const inGuest = async (command: string) => (await ssh(web, command)).out.trim()
    const size = () => inGuest('cat /sys/block/vdc/size 2>/dev/null || echo none')
    const until = async (wanted: string) => {
      for (let i = 0; i < 60 && (await size()) !== wanted; i++) await new Promise(resolve => setTimeout(resolve, 250))
      expect(await size()).toBe(wanted)
    }
    granted(await bench.compute.attach(web.id, await volumeOf(data, 'vdc')))
    await until(`${64 * 2_048}`)
    expect(await inGuest('cat /sys/block/vdc/serial')).toBe('data')
    granted(await bench.compute.resize(web.id, 'vdc', 96))
    await until(`${96 * 2_048}`)

    await inGuest('echo before | dd of=/dev/vdc bs=512 conv=sync,fsync 2>/dev/null')
    const plugged = async () => {
      const disk = granted(await bench.compute.disks(web.id)).find(one => one.device === 'vdc')
      if (!disk) throw new Error('it has the volume')
      return disk
    }
    const kept: WantedSnapshot = {
      kind: 'snapshot',
      id: 'snp_1',
      generation: 1,
      pool: data.pool,
      volume: data.id,
      sizeMiB: 96,
      gone: false,
    }
    granted(
      await bench.volumes.snapshot(kept, {
        path: (await plugged()).path,
        switchTo: path => bench.compute.switchDisk(web.id, 'vdc', path),
      }),
    )
    await inGuest('echo after | dd of=/dev/vdc bs=512 conv=sync,fsync 2>/dev/null')
    const copy: WantedVolume = { ...emptyVolume('vol_copy', 96), pool, source: { from: 'snapshot', snapshot: kept.id } }
    granted(await bench.compute.attach(web.id, await volumeOf(copy, 'vdd')))
    for (let i = 0; i < 20 && (await inGuest('ls /dev/vdd 2>/dev/null')) === ''; i++)
      await new Promise(resolve => setTimeout(resolve, 250))
    expect(await inGuest('head -c 6 /dev/vdd; head -c 5 /dev/vdc')).toBe('beforeafter')

    for (const device of ['vdc', 'vdd']) {
      const disk = granted(await bench.compute.disks(web.id)).find(one => one.device === device)
      if (!disk) throw new Error('it has the volume')
      for (let i = 0; i < 40; i++) {
        const gone = await bench.compute.detach(web.id, disk)
        if (gone.ok) break
        expect(gone.fault.code).toBe('unavailable')
        await new Promise(resolve => setTimeout(resolve, 500))
      }
    }
    await until('none')
    expect(granted(await bench.compute.disks(web.id)).map(disk => disk.device)).toEqual(['vda'])
    granted(await bench.volumes.removeSnapshot(kept))
    for (const one of [data, copy]) granted(await bench.volumes.remove(one))
    expect(await readdir(pool.path)).toEqual([])
  }, 120_000)

  test('an image captured from a running guest stands alone, and a machine of it has what was written before', async () => {
    const { id: volume, pool } = rootOf(bench, db.id)
    const kept: WantedSnapshot = { kind: 'snapshot', id: 'snp_root', generation: 1, pool, volume, sizeMiB: 512, gone: false }
    expect((await ssh(db, 'echo captured > /root/kept; sync')).code).toBe(0)
    expect(await bench.volumes.frozen(kept)).toMatchObject({ ok: false, fault: { code: 'not_found' } })
    const root = granted(await bench.compute.disks(db.id)).find(({ device }) => device === 'vda')
    if (!root) throw new Error('it has a disk')
    granted(
      await bench.volumes.snapshot(kept, {
        path: root.path,
        switchTo: path => bench.compute.switchDisk(db.id, 'vda', path),
      }),
    )
    await ssh(db, 'echo later > /root/kept; sync')

    const folder = join(bench.libvirtd.dir, 'captured')
    await mkdir(folder, { mode: 0o711 })
    const made = granted(
      await flatten(
        { folder, maxVirtualBytes: 1 * GiB, run: runConfined, signal: new AbortController().signal, told: () => {} },
        granted(await bench.volumes.frozen(kept)),
      ),
    )
    expect(made.virtualBytes).toBe(512 * MiB)
    expect(await readQcow2(made.path)).toMatchObject({ backing: null })
    const bytes = await readFile(made.path)
    granted(await bench.volumes.removeSnapshot(kept))

    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const disk: ImageFile = { role: 'disk', format: 'qcow2', sha256, bytes: bytes.length }
    granted(await bench.storage.keep(disk, createReadStream(made.path)))
    const files = [disk, ...bench.image.files.filter(({ role }) => role !== 'disk')]
    const heir = { ...machine(bench, 'vm_heir', 'heir', front, 12, ''), image: { ...bench.image, id: 'img_kept', files } }
    heir.seed = { ...web.seed, instanceId: 'i-heir' }
    granted(await bench.networks.apply(onHost(web, db, heir)))
    const plugs = heir.ports.map(port => bench.networks.plug(port, front))
    const source: WantedVolume['source'] = { from: 'image', image: 'img_kept', files: [disk] }
    const disks = [await volumeOf({ ...rootOf(bench, heir.id), source }, 'vda')]
    granted(await bench.compute.define({ machine: heir, files: granted(await bench.storage.prepare(heir)), disks, plugs }))
    granted(await bench.compute.start(heir.id))
    try {
      await until('ssh to the heir', 90_000, async () => (await ssh(heir, 'true')).code === 0)
      expect((await ssh(heir, 'cat /root/kept')).out).toBe('captured')
      expect((await ssh(db, 'cat /root/kept')).out).toBe('later')
    } finally {
      granted(await bench.compute.cut(heir.id))
      granted(await bench.compute.undefine(heir.id))
      granted(await bench.storage.remove(heir.id))
      granted(await bench.volumes.remove(rootOf(bench, heir.id)))
      granted(await bench.networks.apply(onHost(web, db)))
    }
  }, 180_000)

  test('names of the network resolve, those of another network do not', async () => {
    expect((await ssh(web, `nslookup web.net-front.internal ${fore}.1`)).out).toContain(`${fore}.10`)
    expect((await ssh(web, `nslookup db.net-back.internal ${fore}.1`)).out).not.toContain(`${rear}.20`)
  }, 30_000)

  test('a guest reaches its gateway by ping and DNS, and nothing else of its host nor of another network', async () => {
    const hosts = spawnSync('ip', ['-j', '-4', 'addr']).stdout.toString()
    const own: string | undefined = JSON.parse(hosts)
      .flatMap((link: { ifname: string; addr_info: { local: string }[] }) => (link.ifname.startsWith('e') ? link.addr_info : []))
      .map(({ local }: { local: string }) => local)[0]
    expect((await ssh(web, `ping -c 2 -W 2 ${fore}.1`)).code).toBe(0)
    for (const address of [`${rear}.1`, `${rear}.20`, ...(own ? [own] : [])])
      expect((await ssh(web, `ping -c 1 -W 1 ${address}`)).code, address).not.toBe(0)
    // What listens on the host, on every address, is for the host alone.
    const listener = createServer(socket => socket.end('the host speaks\n')).listen(0, '0.0.0.0')
    await once(listener, 'listening')
    const address = listener.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    try {
      expect(await spoken(`${fore}.1`, port)).toBe('the host speaks\n')
      expect((await ssh(web, `timeout 2 nc ${fore}.1 ${port} </dev/null`)).out).toBe('')
    } finally {
      listener.close()
    }
  }, 60_000)

  test('applied again, networks and machines stay as they are', async () => {
    const before = await found(web)
    granted(await bench.networks.apply(onHost(web, db)))
    granted(await bench.compute.define(await make(web)))
    granted(await bench.compute.start(web.id))
    expect(await found(web)).toEqual(before)
    expect((await ssh(web, 'true')).code).toBe(0)
  }, 30_000)

  test('a bridge that somebody removed is made again, and the guests that ran on it plugged in', async () => {
    const before = await found(web)
    expect(spawnSync('ip', ['link', 'del', bridgeName(tag, front.id)]).status).toBe(0)
    expect((await ssh(web, 'true')).code).not.toBe(0)
    granted(await bench.networks.apply(onHost(web, db)))
    await until('ssh again', 20_000, async () => (await ssh(web, 'true')).code === 0)
    expect(await found(web)).toEqual(before)
  }, 60_000)

  test('libvirtd killed and back: the same machine in the same run, the watcher told, calls meanwhile unavailable', async () => {
    const told: (string | null)[] = []
    bench.compute.watch(id => told.push(id))
    const before = await found(web)
    await bench.libvirtd.kill()
    expect(await bench.compute.list()).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    expect((await ssh(web, 'true')).code).toBe(0)
    told.length = 0
    await bench.libvirtd.start()
    await until('a word that anything may have changed', 20_000, () => told.includes(null))
    expect(await found(web)).toEqual(before)
  }, 60_000)

  test('a guest that shuts itself down is told from one that was cut', async () => {
    await ssh(db, 'poweroff')
    await until('db to be off', 30_000, async () => (await found(db))?.power === 'stopped')
    expect(await found(db)).toMatchObject({ cause: 'guest', run: '' })
  }, 60_000)

  test('one shut down while libvirtd was gone is off when it is back', async () => {
    const first = await found(web)
    const pid = await bench.libvirtd.qemu(`sirocco-${tag}-vm_web`)
    await bench.libvirtd.kill()
    process.kill(pid, 'SIGKILL')
    await bench.libvirtd.start()
    await until('web to be seen off', 20_000, async () => ['stopped', 'crashed'].includes((await found(web))?.power ?? ''))
    const printed = (await log(web)).split('login:').length
    granted(await bench.compute.start(web.id))
    const second = await found(web)
    expect(second?.run).not.toBe(first?.run)
    await until('a login prompt again', 60_000, async () => (await log(web)).split('login:').length > printed)
    await ran(web)
  }, 120_000)

  test('a machine taken from a network leaves its address to the next', async () => {
    const heir = {
      ...db,
      id: 'vm_heir',
      ports: db.ports.map(port => ({ ...port, id: 'prt_heir', mac: '52:54:00:00:0b:99' })),
      name: 'heir',
    }
    granted(await bench.compute.undefine(db.id))
    granted(await bench.storage.remove(db.id))
    granted(await bench.networks.apply(onHost(web, heir)))
    db = heir
    await launch(heir)
    await until('the heir’s login prompt', 60_000, async () => (await log(heir)).includes('login:'))
    await until('its ssh', 20_000, async () => (await ssh(heir, 'ip -4 -o addr show eth0')).out.includes(`${rear}.20/24`))
    expect((await ssh(heir, 'hostname')).out).toBe('heir')
  }, 120_000)

  test('what is no longer wanted leaves nothing behind', async () => {
    for (const one of [web, db]) {
      granted(await bench.compute.cut(one.id))
      granted(await bench.compute.undefine(one.id))
      granted(await bench.storage.remove(one.id))
    }
    granted(await bench.networks.apply([]))
    expect(granted(await bench.compute.list())).toEqual([])
    expect(granted(await bench.storage.list())).toEqual([])
    expect(granted(await bench.networks.list())).toEqual([])
    expect(readFileSync('/proc/net/dev', 'utf8')).not.toMatch(new RegExp(`s[bt]${tag}`))
    expect(spawnSync('nft', ['list', 'table', 'inet', `sirocco_${tag}`]).status).not.toBe(0)
    expect(await readdir(join(bench.libvirtd.dir, 'consoles', `contract-${tag}`))).toEqual([])
    expect((await readdir(join(bench.libvirtd.dir, 'var/log/libvirt/qemu'))).filter(name => name.includes('web'))).toEqual([])
    const dnsmasqs = spawnSync('ps', ['-eo', 'args']).stdout.toString()
    expect(dnsmasqs).not.toContain(bench.libvirtd.dir.concat('/networks'))
  }, 60_000)
})
