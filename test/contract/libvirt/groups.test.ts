import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { tapName } from '@sirocco/agent/network/names.ts'
import { linuxNetworks } from '@sirocco/agent/network/networks.ts'
import type { NetworkOnHost } from '@sirocco/agent/ports/network.ts'
import { type Run, run } from '@sirocco/agent/programs/run.ts'
import type { WantedGroup, WantedRule } from '@sirocco/shared/wire/objects.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { ownRange, ownTag } from './own.ts'

const why = whyNoLibvirtd()
const tag = ownTag(4)
const range = ownRange(6)
const gateway = `${range}.1`
const frames = join(import.meta.dirname, '../../support/raw-frames.py')

const group = (id: string, rules: readonly WantedRule[], members: readonly string[] = []): WantedGroup => ({
  kind: 'group',
  id,
  generation: 0,
  rules: [...rules],
  members: [...members],
})
const everything: WantedRule = { direction: 'out', protocol: 'all', cidr: '0.0.0.0/0' }
const toPort = (port: number, from: Pick<WantedRule, 'cidr' | 'group'> = { cidr: '0.0.0.0/0' }): WantedRule => ({
  direction: 'in',
  protocol: 'tcp',
  from: port,
  to: port,
  ...from,
})

/** Guests of one network: namespaces, each with its groups. */
const guests = ['a', 'b', 'c'] as const
type Guest = (typeof guests)[number]
const macOf = (name: Guest) => `52:54:00:00:06:1${guests.indexOf(name)}`
const addressOf = (name: Guest) => `${range}.1${guests.indexOf(name)}`
const friends = group(
  'sg_friends',
  [everything, { direction: 'in', protocol: 'all', group: 'sg_friends' }, toPort(22)],
  [addressOf('a'), addressOf('b')],
)

const wanted = (web: readonly WantedRule[], names: readonly Guest[] = guests, groups = [friends]): NetworkOnHost => ({
  network: {
    kind: 'network',
    id: 'net_g',
    generation: 1,
    cidr: `${range}.0/24`,
    gateway,
    mtu: 1450,
    domain: 'g.internal',
    gone: false,
  },
  ports: names.map(name => ({
    id: `prt_${name}`,
    network: 'net_g',
    mac: macOf(name),
    address: addressOf(name),
    hostname: name,
    groups: [name === 'c' ? 'sg_web' : 'sg_friends'],
  })),
  groups: [...groups, group('sg_web', web)],
})

const sh = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
const must = (program: string, ...args: string[]) => {
  const { status, stderr, stdout } = sh(program, ...args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}
const namespace = (name: Guest) => `${tag}${name}`

/** Whether a TCP connection is answered, be it by a refusal. */
const probe = `
const [address, port] = process.argv.slice(1)
const socket = require('node:net').connect(Number(port), address)
socket.setTimeout(700, () => process.exit(1))
socket.on('connect', () => process.exit(0))
socket.on('error', error => process.exit(error.code === 'ECONNREFUSED' ? 0 : 1))
`
const reaches = (from: Guest | 'host', address: string, port: number) => {
  const command = [process.execPath, '-e', probe, address, `${port}`]
  return (
    (from === 'host' ? sh(command[0] ?? '', ...command.slice(1)) : sh('ip', 'netns', 'exec', namespace(from), ...command))
      .status === 0
  )
}

describe.skipIf(why !== null)(`security groups on Linux${why === null ? '' : ` (${why})`}`, () => {
  let dir = ''
  let changes: string[] = []
  const children: ChildProcess[] = []
  const recording: Run = (program, args, stdin) => {
    if (!args.includes('show') && !args.includes('list')) changes.push([program, ...args, stdin ?? ''].join(' '))
    return run(program, args, stdin)
  }
  const open = () => linuxNetworks({ instance: 'groups', tag, dir: join(dir, tag), run: recording })
  let life = open()
  const apply = async (...all: NetworkOnHost[]) => {
    changes = []
    const applied = await life.apply(all)
    if (!applied.ok) throw new Error(JSON.stringify(applied.fault))
  }
  const start = (name: Guest, ...command: string[]) => {
    const child = spawn('ip', ['netns', 'exec', namespace(name), ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'groups-'))
    await chmod(dir, 0o711)
    life = open()
    await apply(wanted([everything]))
    for (const name of guests) {
      const tap = tapName(tag, `prt_${name}`)
      must('ip', 'netns', 'add', namespace(name))
      must('ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace(name))
      const one = wanted([]).ports.find(({ hostname }) => hostname === name)
      if (!one) throw new Error('a guest has a port')
      must('ip', 'link', 'set', tap, 'master', life.plug(one, wanted([]).network).bridge, 'up')
      must('ip', '-n', namespace(name), 'link', 'set', 'eth0', 'address', macOf(name), 'up')
      must('ip', '-n', namespace(name), 'addr', 'add', `${addressOf(name)}/24`, 'dev', 'eth0')
      must('ip', '-n', namespace(name), 'route', 'add', 'default', 'via', gateway)
    }
  }, 60_000)
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await life.apply([])
    for (const name of guests) sh('ip', 'netns', 'del', namespace(name))
    await rm(dir, { recursive: true, force: true })
  }, 60_000)

  /** Names of the frames, one of each kind, that come from `a` to `b`. */
  async function heard(): Promise<string[]> {
    const listener = start('b', 'python3', frames, 'hear', 'eth0', '1.5')
    const lines: string[] = []
    const reader = createInterface({ input: listener.stdout })
    reader.on('line', line => {
      if (line === 'listening')
        must(
          'ip',
          'netns',
          'exec',
          namespace('a'),
          'python3',
          frames,
          'send',
          'eth0',
          macOf('a'),
          addressOf('a'),
          macOf('b'),
          addressOf('b'),
          gateway,
        )
      else lines.push(line)
    })
    await once(reader, 'close')
    return (lines[0] ?? '').split(' ').filter(Boolean)
  }

  test('of every frame that lies, none comes through; without the rules each would', async () => {
    expect(await heard()).toEqual(['good'])
    must('nft', 'delete', 'table', 'bridge', `sirocco_${tag}`)
    expect(await heard()).toEqual([
      'address',
      'arp-address',
      'arp-mac',
      'dhcp-server',
      'dhcpv6-server',
      'good',
      'ipv6-address',
      'mac',
      'neighbour',
      'router',
      'stp',
      'vlan',
    ])
    // What it was made to believe meanwhile.
    must('ip', '-n', namespace('b'), 'neigh', 'flush', 'dev', 'eth0')
    await apply(wanted([everything]))
    expect(await heard()).toEqual(['good'])
  }, 30_000)

  test('members reach each other, others and the host only what a rule lets through; all reach their DNS', () => {
    expect(reaches('a', addressOf('b'), 9)).toBe(true)
    expect(reaches('a', addressOf('c'), 9)).toBe(false)
    expect(reaches('c', addressOf('a'), 9)).toBe(false)
    expect(reaches('c', addressOf('a'), 22)).toBe(true)
    expect(reaches('host', addressOf('a'), 22)).toBe(true)
    expect(reaches('host', addressOf('a'), 9)).toBe(false)
    expect(reaches('c', gateway, 53)).toBe(true)
    expect(reaches('c', gateway, 22)).toBe(false)
  }, 30_000)

  test('a rule by range and one by group are added and removed live; egress is narrowed', async () => {
    await apply(wanted([everything, toPort(9)]))
    expect(reaches('a', addressOf('c'), 9)).toBe(true)
    await apply(wanted([everything, toPort(9, { group: 'sg_friends' })]))
    expect(reaches('a', addressOf('c'), 9)).toBe(true)
    expect(reaches('host', addressOf('c'), 9)).toBe(false)
    await apply(wanted([everything, toPort(9, { group: 'sg_friends' })], guests, [{ ...friends, members: [addressOf('b')] }]))
    expect(changes.find(change => change.startsWith('nft -f'))).toMatch(
      /^nft -f - delete element bridge \S+ m_\w+_4 \{ \S+ \}\ndelete chain/,
    )
    expect(reaches('a', addressOf('c'), 9)).toBe(false)
    expect(reaches('b', addressOf('c'), 9)).toBe(true)
    expect(reaches('c', addressOf('a'), 22)).toBe(true)
    await apply(wanted([{ direction: 'out', protocol: 'tcp', from: 23, to: 25, cidr: '0.0.0.0/0' }]))
    expect(reaches('c', addressOf('a'), 22)).toBe(false)
  }, 30_000)

  test('a narrowing cuts the open connection that it forbids, and no other', async () => {
    const web = [everything, toPort(9_000), toPort(9_001)]
    await apply(wanted(web))
    const server = start(
      'c',
      process.execPath,
      '-e',
      `for (const port of [9000, 9001]) require('node:net').createServer(s => { s.on('error', () => {}); s.pipe(s) }).listen(port, () => port === 9001 && console.log('up'))`,
    )
    await once(server.stdout ?? server, 'data')
    const client = (port: number) => {
      const counts = { echoes: 0 }
      const child = start(
        'a',
        process.execPath,
        '-e',
        `const s = require('node:net').connect(${port}, '${addressOf('c')}'); s.on('data', d => process.stdout.write(d)); setInterval(() => s.write('.'), 50)`,
      )
      child.stdout?.on('data', (data: Buffer) => {
        counts.echoes += data.length
      })
      return counts
    }
    const [kept, cut] = [client(9_000), client(9_001)]
    await expect.poll(() => Math.min(kept.echoes, cut.echoes), { timeout: 5_000 }).toBeGreaterThan(3)
    expect(must('conntrack', '-L', '-p', 'tcp', '-d', addressOf('c'), '--dport', '9001')).toMatch(/zone=\d+/)
    await apply(wanted([everything, toPort(9_000)]))
    await expect.poll(() => sh('conntrack', '-L', '-p', 'tcp', '-d', addressOf('c'), '--dport', '9001').stdout).toBe('')
    const at = { kept: kept.echoes, cut: cut.echoes }
    await expect.poll(() => kept.echoes, { timeout: 5_000 }).toBeGreaterThan(at.kept + 5)
    expect(cut.echoes - at.cut).toBeLessThan(3)
  }, 30_000)

  test('a tap that nobody announced is closed from its first frame; announced, it is open', async () => {
    await apply(wanted([everything], ['a', 'c']))
    expect(reaches('b', gateway, 53)).toBe(false)
    expect(reaches('b', addressOf('a'), 22)).toBe(false)
    await apply(wanted([everything]))
    expect(reaches('b', gateway, 53)).toBe(true)
    expect(reaches('b', addressOf('a'), 22)).toBe(true)
  }, 30_000)

  test('applied again nothing is done, by another life of the agent too; a table that is gone comes back', async () => {
    await apply(wanted([everything]))
    expect(changes).toEqual([])
    life = open()
    await apply(wanted([everything]))
    expect(changes).toEqual([])
    must('nft', 'delete', 'table', 'bridge', `sirocco_${tag}`)
    await apply(wanted([everything]))
    expect(reaches('a', addressOf('c'), 9)).toBe(false)
    await apply()
    expect(sh('nft', 'list', 'tables').stdout).not.toContain(`sirocco_${tag}`)
  }, 30_000)
})
