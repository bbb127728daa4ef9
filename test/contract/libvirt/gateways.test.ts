import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bridgeName, legName, spaceName, uplinkName } from '@sirocco/agent/network/names.ts'
import { linuxNetworks } from '@sirocco/agent/network/networks.ts'
import type { NetworkOnHost, Networks } from '@sirocco/agent/ports/network.ts'
import { type Run, run } from '@sirocco/agent/programs/run.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { ownRange, ownTag } from './own.ts'

const why = whyNoLibvirtd()
const tag = ownTag(4)
const outside = ownRange(5)

/** Networks of two projects: the same range, addresses and MACs. The third, a default network, has a range of its own. */
const wanted = (name: 'red' | 'blue' | 'plain', more: Partial<NetworkOnHost['network']> = {}): NetworkOnHost => {
  const range = name === 'plain' ? ownRange(6) : '10.0.0'
  return {
    network: {
      kind: 'network',
      id: `sub_${name}`,
      generation: 1,
      ...{ cidr: `${range}.0/24`, gateway: `${range}.1`, mtu: 1450, domain: `${name}.internal`, gone: false },
      ...(name === 'plain' ? {} : { apart: true as const }),
      ...more,
    },
    ports: [
      {
        id: `prt_${name}`,
        network: `sub_${name}`,
        mac: name === 'plain' ? '52:54:00:00:06:10' : '52:54:00:00:00:10',
        ...{ address: `${range}.10`, hostname: name },
      },
    ],
  }
}
const [red, blue, plain] = [wanted('red'), wanted('blue'), wanted('plain')]

const granted = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}
const sh = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
const must = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = sh(program, ...args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}
const inside = (namespace: string, ...command: string[]) => sh('ip', 'netns', 'exec', namespace, ...command)

/** Whether a TCP connection is answered, be it by a refusal. */
const probe = `
const [address, port] = process.argv.slice(1)
const socket = require('node:net').connect({ host: address, port: Number(port) })
socket.setTimeout(500, () => process.exit(1))
socket.on('connect', () => process.exit(0))
socket.on('error', error => process.exit(error.code === 'ECONNREFUSED' ? 0 : 1))
`
const reaches = (namespace: string, address: string, port = 9) =>
  inside(namespace, process.execPath, '-e', probe, address, `${port}`).status === 0

/** Answers what it is sent. */
const echo = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (text, from) => socket.send(text, from.port, from.address))
socket.bind(7, () => console.log('ready'))
`
/** Says a word a few times from one and the same port, and prints which words come back. */
const say = `
const [word, address] = process.argv.slice(1)
const socket = require('node:dgram').createSocket('udp4')
const heard = new Set()
socket.on('message', text => heard.add(text.toString()))
socket.bind(5000, () => {
  let sent = 0
  const timer = setInterval(() => {
    if (sent++ < 10) return socket.send(word, 7, address, () => {})
    clearInterval(timer)
    setTimeout(() => { console.log([...heard].sort().join()); process.exit(0) }, 300)
  }, 30)
})
`
/** Asks for an address as a client that has none yet, and prints which is offered, by whom and with which MTU. */
const discover = `
const socket = require('node:dgram').createSocket('udp4')
const ask = Buffer.alloc(244)
ask.set([1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0x80])
ask.set(process.argv[1].split(':').map(part => parseInt(part, 16)), 28)
ask.set([99, 130, 83, 99, 53, 1, 1, 255], 236)
socket.on('message', all => {
  const options = new Map()
  for (let at = 240; all[at] !== 255; at += 2 + all[at + 1]) options.set(all[at], all.subarray(at + 2, at + 2 + all[at + 1]))
  console.log([[...all.subarray(16, 20)].join('.'), [...options.get(54)].join('.'), options.get(26).readUInt16BE()].join(' '))
  process.exit(0)
})
socket.bind(68, () => {
  socket.setBroadcast(true)
  socket.send(ask, 67, '255.255.255.255')
  setTimeout(() => process.exit(1), 3000)
})
`
const name = (namespace: string, asked: string) =>
  inside(
    namespace,
    process.execPath,
    '-e',
    `const r = new (require('node:dns').promises.Resolver)({ timeout: 1000, tries: 2 }); r.setServers(['10.0.0.1']); r.resolve4('${asked}').then(all => console.log(all.join()), () => {})`,
  ).stdout.trim()

/** Commands that change nothing. */
const reads = (program: string, args: readonly string[]) =>
  (program === 'ip' && args.includes('show')) || (['nft', 'nsenter'].includes(program) && args.includes('list'))

describe.skipIf(why !== null)(`networks of equal ranges on one host${why === null ? '' : ` (${why})`}`, () => {
  let dir = ''
  let changes: string[] = []
  let answering: ChildProcess | null = null
  const recording: Run = (program, args, stdin) => {
    if (!reads(program, args)) changes.push([program, ...args, stdin].join(' '))
    return run(program, args, stdin)
  }
  const open = (): Networks => linuxNetworks({ instance: 'ranges', tag, dir: join(dir, tag), run: recording })
  const apply = async (...all: NetworkOnHost[]) => granted(await open().apply(all))
  const outer = `${tag}out`
  const guest = ({ network }: NetworkOnHost) => `${tag}${network.domain.split('.')[0]}`
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
  /** What each of the two hears when both say their name at once, from the same address and port, to the same. */
  async function heard(): Promise<string[]> {
    const talks = [red, blue].map(one => {
      const args = ['netns', 'exec', guest(one), process.execPath, '-e', say, guest(one), `${outside}.2`]
      return spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    })
    return Promise.all(
      talks.map(async ({ stdout }) => {
        let text = ''
        for await (const part of stdout) text += part
        return text.trim()
      }),
    )
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gateways-'))
    await chmod(dir, 0o711)
    for (const namespace of [guest(red), guest(blue), guest(plain), outer]) must('ip', 'netns', 'add', namespace)
    must('ip', 'link', 'add', `v${outer}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outer)
    must('ip', 'addr', 'add', `${outside}.1/30`, 'dev', `v${outer}`)
    must('ip', 'link', 'set', `v${outer}`, 'up')
    must('ip', '-n', outer, 'link', 'set', 'eth0', 'up')
    must('ip', '-n', outer, 'addr', 'add', `${outside}.2/30`, 'dev', 'eth0')
    await apply(red, blue, plain)
    for (const one of [red, blue, plain]) plug(one)
    answering = spawn('ip', ['netns', 'exec', outer, process.execPath, '-e', echo], { stdio: ['ignore', 'pipe', 'inherit'] })
    if (answering.stdout) await once(answering.stdout, 'data')
  }, 60_000)
  afterAll(async () => {
    answering?.kill('SIGKILL')
    await open().apply([])
    for (const namespace of [guest(red), guest(blue), guest(plain), outer]) sh('ip', 'netns', 'del', namespace)
    sh('ip', 'link', 'del', `v${outer}`)
    await rm(dir, { recursive: true, force: true })
  }, 60_000)

  test('applied again, also by another life, nothing is done', async () => {
    changes = []
    await apply(red, blue, plain)
    await apply(plain, blue, red)
    expect(changes).toEqual([])
    expect(granted(await open().list())).toEqual(['sub_blue', 'sub_plain', 'sub_red'])
  })

  test('each guest is offered its address, and told names, by its own network’s gateway', () => {
    for (const one of [red, blue]) {
      expect(inside(guest(one), process.execPath, '-e', discover, '52:54:00:00:00:10').stdout.trim()).toBe(
        '10.0.0.10 10.0.0.1 1450',
      )
      const [own, other] = one === red ? ['red', 'blue'] : ['blue', 'red']
      expect(name(guest(one), `${own}.${own}.internal`)).toBe('10.0.0.10')
      expect(name(guest(one), `${other}.${other}.internal`)).toBe('')
    }
    const space = spaceName(tag, red.network.id)
    const [out] = JSON.parse(must('ip', '-n', space, '-j', '-4', 'route', 'show', 'default'))
    expect(reaches(space, out.gateway, 53)).toBe(true)
    expect(reaches(space, out.gateway, 22)).toBe(false)
  })

  test('a guest reaches the outside, which sees the host and does not reach the guest', () => {
    for (const one of [red, blue]) expect(reaches(guest(one), `${outside}.2`)).toBe(true)
    must('ip', '-n', outer, 'route', 'add', '10.0.0.0/24', 'via', `${outside}.1`)
    must('ip', '-n', outer, 'route', 'add', '169.254.0.0/16', 'via', `${outside}.1`)
    const { host, gateway } = uplinkOf(red)
    for (const address of ['10.0.0.10', host, gateway]) expect(reaches(outer, address), address).toBe(false)
  })

  test('a guest reaches no address of the host, no other network, nobody’s metadata; without the rules it would', async () => {
    const others = () => [`${outside}.1`, uplinkOf(red).host, uplinkOf(blue).gateway, `${ownRange(6)}.1`, `${ownRange(6)}.10`]
    must('ip', 'addr', 'add', '169.254.169.254/32', 'dev', `v${outer}`)
    for (const address of [...others(), '169.254.169.254']) expect(reaches(guest(red), address), address).toBe(false)
    for (const address of [uplinkOf(red).host, uplinkOf(red).gateway]) expect(reaches(guest(plain), address), address).toBe(false)
    for (const family of ['inet', 'bridge']) must('nft', 'delete', 'table', family, `sirocco_${tag}`)
    must('ip', 'netns', 'exec', spaceName(tag, red.network.id), 'nft', 'flush', 'chain', 'inet', 'sirocco', 'forward')
    must('ip', 'netns', 'exec', spaceName(tag, red.network.id), 'nft', 'chain inet sirocco forward { policy accept; }')
    for (const address of [`${outside}.1`, uplinkOf(red).host, `${ownRange(6)}.1`, '169.254.169.254'])
      expect(reaches(guest(red), address), address).toBe(true)
    must('ip', 'netns', 'exec', spaceName(tag, red.network.id), 'nft', 'delete', 'table', 'inet', 'sirocco')
    must('ip', 'addr', 'del', '169.254.169.254/32', 'dev', `v${outer}`)
    await apply(red, blue, plain)
    expect(reaches(guest(red), `${outside}.1`)).toBe(false)
  })

  test('the same address, port and all of two projects meet nowhere; on a host that routed both, they would', async () => {
    expect(await heard()).toEqual([guest(red), guest(blue)])
    // Both gateways on the host, as if a range were one network's alone.
    for (const one of [red, blue]) {
      must('ip', 'link', 'del', legName(tag, one.network.id))
      const bridge = bridgeName(tag, one.network.id)
      must('ip', 'addr', 'add', '10.0.0.1/24', 'dev', bridge)
      must('sysctl', '-qw', `net.ipv4.conf.${bridge}.rp_filter=0`)
      must('ip', '-n', guest(one), 'neigh', 'flush', 'dev', 'eth0')
    }
    for (const family of ['inet', 'bridge']) must('nft', 'delete', 'table', family, `sirocco_${tag}`)
    must('ip', 'route', 'get', '10.0.0.10')
    const all = (await heard()).map(words => words.split(',').filter(Boolean))
    expect(all.some((words, at) => words.includes(at === 0 ? guest(blue) : guest(red)))).toBe(true)
    await apply(red, blue, plain)
    for (const one of [red, blue]) must('ip', '-n', guest(one), 'neigh', 'flush', 'dev', 'eth0')
    expect(await heard()).toEqual([guest(red), guest(blue)])
  })

  test('a port’s groups decide what it sends, but for DHCP and DNS of its gateway', async () => {
    const shut = wanted('red')
    const group = { kind: 'group' as const, id: 'sg_1', generation: 1, rules: [], members: [] }
    await apply({ ...shut, ports: shut.ports.map(port => ({ ...port, groups: ['sg_1'] })), groups: [group] }, blue, plain)
    expect(reaches(guest(red), `${outside}.2`)).toBe(false)
    expect(reaches(guest(blue), `${outside}.2`)).toBe(true)
    expect(reaches(guest(red), '10.0.0.1', 53)).toBe(true)
    expect(inside(guest(red), process.execPath, '-e', discover, '52:54:00:00:00:10').stdout.trim()).toBe(
      '10.0.0.10 10.0.0.1 1450',
    )
    await apply(red, blue, plain)
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
  })

  test('what was broken is mended, what leaked is removed: namespaces, links, addresses, routes, rules', async () => {
    const space = spaceName(tag, red.network.id)
    const broken: (() => void)[] = [
      () => must('ip', 'link', 'del', legName(tag, red.network.id)),
      () => must('ip', 'link', 'del', uplinkName(tag, red.network.id)),
      () => must('ip', '-n', space, 'addr', 'flush', 'dev', 'lan'),
      () => must('ip', '-n', space, 'route', 'del', 'default'),
      () => must('ip', 'link', 'set', legName(tag, red.network.id), 'nomaster'),
      () => must('ip', 'netns', 'exec', space, 'nft', 'delete', 'table', 'inet', 'sirocco'),
      () => must('umount', `/run/netns/${space}`),
      () => must('ip', 'link', 'del', bridgeName(tag, red.network.id)),
    ]
    for (const destroy of broken) {
      destroy()
      must('ip', 'netns', 'add', `sn${tag}leaked`)
      must('ip', 'link', 'add', `sv${tag}leaked`, 'type', 'veth', 'peer', 'name', `se${tag}leaked`)
      await apply(red, blue, plain)
      expect(reaches(guest(red), `${outside}.2`), String(destroy)).toBe(true)
      expect(`${must('ip', 'link', 'show')}${(await readdir('/run/netns')).join()}`).not.toContain('leaked')
      changes = []
      await apply(red, blue, plain)
      expect(changes, String(destroy)).toEqual([])
    }
  }, 60_000)

  test('what stands in another’s place on the way out stays, and the other goes elsewhere', async () => {
    const before = uplinkOf(red)
    await apply(blue, plain)
    must('ip', 'addr', 'add', `${before.host}/31`, 'dev', `v${outer}`)
    await apply(red, blue, plain)
    expect(uplinkOf(red)).not.toEqual(before)
    must('ip', 'addr', 'del', `${before.host}/31`, 'dev', `v${outer}`)
    changes = []
    await apply(red, blue, plain)
    expect(changes).toEqual([])
    expect(reaches(guest(red), `${outside}.2`)).toBe(true)
  })

  test('nothing wanted, nothing left', async () => {
    await apply()
    expect((await readdir('/run/netns')).filter(one => one.startsWith(`sn${tag}`))).toEqual([])
    const links = await readFile('/proc/net/dev', 'utf8')
    for (const prefix of ['sb', 'sv', 'se']) expect(links).not.toContain(`${prefix}${tag}`)
    expect(await readdir(join(dir, tag))).toEqual([])
    changes = []
    await apply()
    expect(changes).toEqual([])
  })

  /** The two ends of a gateway's way out. */
  function uplinkOf({ network }: NetworkOnHost): { host: string; gateway: string } {
    const address = (...args: string[]) => JSON.parse(must('ip', ...args, '-j', '-4', 'addr', 'show'))
    const of = (links: { ifname?: string; addr_info?: { local: string }[] }[], link: string) =>
      links.find(({ ifname }) => ifname === link)?.addr_info?.[0]?.local ?? ''
    return {
      host: of(address(), uplinkName(tag, network.id)),
      gateway: of(address('-n', spaceName(tag, network.id)), 'out'),
    }
  }
})
