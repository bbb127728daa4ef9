import { spawnSync } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bridgeName } from '@sirocco/agent/network/names.ts'
import { linuxNetworks } from '@sirocco/agent/network/networks.ts'
import type { NetworkOnHost, Networks } from '@sirocco/agent/ports/network.ts'
import { type Run, run } from '@sirocco/agent/programs/run.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { ownRange, ownTag } from './own.ts'

const why = whyNoLibvirtd()
const tag = ownTag(2)
const theirTag = ownTag(3)
const outside = ownRange(7)

/** A network of this host with one guest, which is a network namespace. */
const wanted = (name: string, third: number, machines: readonly string[] = [name]): NetworkOnHost => ({
  network: {
    kind: 'network',
    id: `net_${name}`,
    generation: 1,
    cidr: `${ownRange(third)}.0/24`,
    gateway: `${ownRange(third)}.1`,
    mtu: 1500,
    domain: `${name}.internal`,
    gone: false,
  },
  ports: machines.map((machine, at) => ({
    id: `prt_${machine}`,
    network: `net_${name}`,
    mac: `52:54:00:00:0${third}:${10 + at}`,
    address: `${ownRange(third)}.${10 + at}`,
    hostname: machine,
  })),
})
const [red, blue] = [wanted('red', 2), wanted('blue', 3)]

const granted = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

const sh = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
const must = (program: string, ...args: string[]) => {
  const { status, stderr } = sh(program, ...args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}
const inside = (namespace: string, ...command: string[]) => sh('ip', 'netns', 'exec', namespace, ...command)

/** Whether a TCP connection is answered, be it by a refusal. Arguments: address, port, source address. */
const probe = `
const [address, port, from] = process.argv.slice(1)
const socket = require('node:net').connect({ host: address, port: Number(port), ...(from ? { localAddress: from } : {}) })
socket.setTimeout(1000, () => process.exit(1))
socket.on('connect', () => process.exit(0))
socket.on('error', error => process.exit(error.code === 'ECONNREFUSED' ? 0 : 1))
`
const prober = (port: number, address: string, from: string) => [process.execPath, '-e', probe, address, `${port}`, from]
const reaches = (namespace: string, address: string, port = 9, from = '') =>
  inside(namespace, ...prober(port, address, from)).status === 0
const hostReaches = (address: string) => sh(process.execPath, '-e', probe, address, '9').status === 0
/** A name as a network's DNS says it, asked from the host; empty where it knows none. */
const named = async (gateway: string, name: string): Promise<string[]> => {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  resolver.setServers([gateway])
  return resolver.resolve4(name).catch(() => [])
}

/** Commands that change nothing. */
const reads = (program: string, args: readonly string[]) =>
  (program === 'ip' && args.includes('show')) || (program === 'nft' && args.includes('list'))

describe.skipIf(why !== null)(`networks on Linux${why === null ? '' : ` (${why})`}`, () => {
  let dir = ''
  let changes: string[] = []
  const recording: Run = (program, args, stdin) => {
    if (!reads(program, args)) changes.push([program, ...args].join(' '))
    return run(program, args, stdin)
  }
  const open = (instance = 'mine', as = tag): Networks => linuxNetworks({ instance, tag: as, dir: join(dir, as), run: recording })
  const apply = async (...all: NetworkOnHost[]) => granted(await open().apply(all))
  const pidOf = async (one: NetworkOnHost) =>
    (await readFile(join(dir, tag, bridgeName(tag, one.network.id), 'pid'), 'utf8')).trim()

  const namespaces = [`${tag}red`, `${tag}blue`, `${tag}out`]
  const guest = (one: NetworkOnHost) => `${tag}${one.ports[0]?.hostname}`
  const plug = (one: NetworkOnHost) => {
    const [port] = one.ports
    if (!port) throw new Error('a guest has a port')
    const { bridge, tap } = open().plug(port, one.network)
    must('ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', guest(one))
    must('ip', 'link', 'set', tap, 'master', bridge, 'up')
    must('ip', '-n', guest(one), 'link', 'set', 'eth0', 'address', port.mac, 'up')
    must('ip', '-n', guest(one), 'addr', 'add', `${port.address}/24`, 'dev', 'eth0')
    must('ip', '-n', guest(one), 'route', 'add', 'default', 'via', one.network.gateway)
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nets-'))
    await chmod(dir, 0o711)
    for (const namespace of namespaces) must('ip', 'netns', 'add', namespace)
    must('ip', 'link', 'add', `v${tag}out`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${tag}out`)
    must('ip', 'addr', 'add', `${outside}.1/30`, 'dev', `v${tag}out`)
    must('ip', 'link', 'set', `v${tag}out`, 'up')
    must('ip', '-n', `${tag}out`, 'link', 'set', 'eth0', 'up')
    must('ip', '-n', `${tag}out`, 'addr', 'add', `${outside}.2/30`, 'dev', 'eth0')
    await apply(red, blue)
    for (const one of [red, blue]) plug(one)
  }, 60_000)
  afterAll(async () => {
    await open().apply([])
    await open('theirs', theirTag).apply([])
    for (const namespace of namespaces) sh('ip', 'netns', 'del', namespace)
    sh('ip', 'link', 'del', `v${tag}out`)
    await rm(dir, { recursive: true, force: true })
  }, 60_000)

  test('applied again, also by another life, nothing is done', async () => {
    changes = []
    await apply(red, blue)
    await apply(blue, red)
    expect(changes).toEqual([])
    expect(granted(await open().list())).toEqual(['net_blue', 'net_red'])
  })

  test('a guest reaches the outside, which sees the host; the outside does not reach the guest', () => {
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
    must('ip', '-n', `${tag}out`, 'route', 'add', `${ownRange(2)}.0/24`, 'via', `${outside}.1`)
    expect(reaches(`${tag}out`, `${ownRange(2)}.10`)).toBe(false)
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
  })

  test('the host reaches guests; guests reach their own gateway, and no other address of the host', () => {
    expect(hostReaches(`${ownRange(2)}.10`)).toBe(true)
    expect(reaches(guest(red), `${ownRange(2)}.1`, 53)).toBe(true)
    expect(reaches(guest(red), `${ownRange(2)}.1`, 22)).toBe(false)
    for (const address of [`${ownRange(3)}.1`, `${outside}.1`])
      for (const port of [53, 9]) expect(reaches(guest(red), address, port), address).toBe(false)
  })

  test('networks do not reach each other, nor the network of another instance', async () => {
    expect(reaches(guest(red), `${ownRange(3)}.10`)).toBe(false)
    const theirs = wanted('theirs', 4)
    granted(await open('theirs', theirTag).apply([theirs]))
    expect(reaches(guest(red), `${ownRange(4)}.1`)).toBe(false)
    changes = []
    await apply(red, blue)
    expect(changes).toEqual([])
    expect(granted(await open().list())).toEqual(['net_blue', 'net_red'])
    granted(await open('theirs', theirTag).apply([]))
    expect(granted(await open().list())).toEqual(['net_blue', 'net_red'])
  })

  test('a guest that takes another network’s address gets nothing out', () => {
    must('ip', '-n', guest(red), 'addr', 'add', `${ownRange(3)}.99/32`, 'dev', 'eth0')
    expect(reaches(guest(red), `${outside}.2`, 9, `${ownRange(3)}.99`)).toBe(false)
    expect(reaches(guest(red), `${outside}.2`, 9, `${ownRange(2)}.10`)).toBe(true)
    must('ip', '-n', guest(red), 'addr', 'del', `${ownRange(3)}.99/32`, 'dev', 'eth0')
  })

  test('a new machine is told to the running DNS; the name of one that went is forgotten', async () => {
    const before = await pidOf(red)
    await apply(wanted('red', 2, ['red', 'green']), blue)
    expect(await pidOf(red)).toBe(before)
    await expect.poll(() => named(`${ownRange(2)}.1`, 'green.red.internal')).toEqual([`${ownRange(2)}.11`])
    await apply(red, blue)
    expect(await pidOf(red)).not.toBe(before)
    expect(await named(`${ownRange(2)}.1`, 'green.red.internal')).toEqual([])
    expect(await named(`${ownRange(2)}.1`, 'red.red.internal')).toEqual([`${ownRange(2)}.10`])
    expect(await named(`${ownRange(2)}.1`, 'blue.blue.internal')).toEqual([])
  })

  test('what was broken behind its back is mended: DHCP killed, rules flushed, a bridge gone under its guest', async () => {
    process.kill(Number(await pidOf(red)), 'SIGKILL')
    must('nft', 'delete', 'table', 'inet', `sirocco_${tag}`)
    const bridge = bridgeName(tag, red.network.id)
    must('ip', 'link', 'del', bridge)
    await apply(red, blue)
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
    expect(await readFile(`/proc/${await pidOf(red)}/cmdline`, 'utf8')).toContain(bridge)
    changes = []
    await apply(red, blue)
    expect(changes).toEqual([])
  })

  test('a guest that is taken out of its bridge is plugged in again; one that goes meanwhile is no failure', async () => {
    const [port] = red.ports
    if (!port) throw new Error('a guest has a port')
    const { tap } = open().plug(port, red.network)
    must('ip', 'link', 'set', tap, 'nomaster')
    expect(reaches(guest(red), `${outside}.2`)).toBe(false)
    await apply(red, blue)
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
    must('ip', 'link', 'set', tap, 'nomaster')
    const goes: Run = (program, args, stdin) => {
      if (args.includes('-force')) must('ip', 'link', 'del', tap)
      return run(program, args, stdin)
    }
    granted(await linuxNetworks({ instance: 'mine', tag, dir: join(dir, tag), run: goes }).apply([red, blue]))
    plug(red)
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
  })

  test('a range that something else here has is a conflict; the other networks are made', async () => {
    const taken: NetworkOnHost = {
      ...wanted('taken', 5),
      network: { ...wanted('taken', 5).network, cidr: `${outside}.0/24`, gateway: `${outside}.1` },
    }
    expect(await open().apply([taken, red, blue])).toMatchObject({ ok: false, fault: { code: 'conflict' } })
    expect(granted(await open().list())).toEqual(['net_blue', 'net_red'])
  })

  test('a dnsmasq is found without its pid file; one that names somebody else’s process ends nobody', async () => {
    const bystander = spawnSync('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { encoding: 'utf8' }).stdout.trim()
    const path = join(dir, tag, bridgeName(tag, blue.network.id), 'pid')
    const real = await pidOf(blue)
    await rm(path)
    await apply(red, blue)
    expect(await readFile(`/proc/${real}/cmdline`, 'utf8')).toContain(bridgeName(tag, blue.network.id))
    sh('sh', '-c', `echo ${bystander} > ${path}`)
    await apply(red)
    expect(sh('kill', '-0', bystander).status).toBe(0)
    process.kill(Number(bystander), 'SIGKILL')
    expect(await readFile(`/proc/${real}/cmdline`, 'utf8').catch(() => '')).toBe('')
  })

  test('nothing wanted, nothing left', async () => {
    const pid = await pidOf(red)
    await apply()
    expect(granted(await open().list())).toEqual([])
    expect(sh('nft', 'list', 'table', 'inet', `sirocco_${tag}`).status).not.toBe(0)
    expect((await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', '')).toBe('')
    expect(await readFile('/proc/net/dev', 'utf8')).not.toContain(`sb${tag}`)
    changes = []
    await apply()
    expect(changes).toEqual([])
  })
})
