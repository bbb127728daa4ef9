import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bridgeName, overlayName, tapName } from '@sirocco/agent/network/names.ts'
import type { NetworkOnHost } from '@sirocco/agent/ports/network.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { ownTag } from './own.ts'

const why = whyNoLibvirtd()
const tag = ownTag(6)

const sh = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
const must = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = sh(program, ...args)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}
const within = (space: string, ...command: string[]) => sh('ip', 'netns', 'exec', space, ...command)

/** A machine: a network namespace with one end of a cable, whose other is its tap. */
interface Guest {
  readonly id: string
  readonly network: 'red' | 'blue'
  readonly address: string
  readonly mac: string
}
const guest = (id: string, network: Guest['network'], n: number): Guest => ({
  ...{ id, network },
  // Two networks never meet, and look alike: the one's gateway is on its hosts, the other's apart from them.
  address: `10.77.0.${n}`,
  mac: `52:54:00:00:00:${n}`,
})
const [ada, bob, cyd] = [guest('ada', 'red', 10), guest('bob', 'red', 11), guest('cyd', 'red', 12)]
const [dan, eve] = [guest('dan', 'blue', 20), guest('eve', 'blue', 21)]
const all = [ada, bob, cyd, dan, eve]
const vnis = { red: 70_001, blue: 70_002 }

type HostName = 'h1' | 'h2'
const underlays = { h1: '192.0.2.1', h2: '192.0.2.2', stranger: '192.0.2.9' }
const space = (name: string) => `${tag}${name}`

/** What a host is told when each guest is where `at` says. */
const wanted = (host: HostName, at: ReadonlyMap<Guest, HostName>): NetworkOnHost[] =>
  (['red', 'blue'] as const).flatMap(name => {
    const its = [...at].filter(([{ network }]) => network === name)
    const ports = its
      .filter(([, on]) => on === host)
      .map(([{ id, mac, address }]) => ({ id, network: name, mac, address, hostname: id }))
    if (ports.length === 0) return []
    return [
      {
        network: {
          kind: 'network',
          id: name,
          generation: 1,
          ...{
            cidr: '10.77.0.0/24',
            gateway: '10.77.0.1',
            mtu: 1450,
            domain: `${name}.internal`,
            vni: vnis[name],
            ...(name === 'blue' ? { apart: true as const } : {}),
            gone: false,
          },
        },
        ports,
        neighbours: its
          .filter(([, on]) => on !== host)
          .map(([{ id, mac, address }, on]) => ({ id, network: name, mac, address, hostname: id, via: underlays[on] })),
      },
    ]
  })

/** Answers what it is sent. */
const echo = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (text, from) => socket.send(text, from.port, from.address))
socket.bind(7, () => console.log('ready'))
`
/** Sends so many messages, one each so many milliseconds, and prints how many were answered. Arguments: address, count, gap, bytes. */
const send = `
const [address, count, gap, bytes] = process.argv.slice(1)
const socket = require('node:dgram').createSocket('udp4')
const answered = new Set()
socket.on('message', text => answered.add(text.toString().trim()))
let sent = 0
const timer = setInterval(() => {
  if (sent < Number(count)) return socket.send(String(sent++).padEnd(Number(bytes)), 7, address, () => {})
  clearInterval(timer)
  setTimeout(() => { console.log(answered.size); process.exit(0) }, 300)
}, Number(gap))
`
const sending = (from: Guest, to: string, count = 3, gap = 20, bytes = 8) =>
  ['netns', 'exec', space(from.id), process.execPath, '-e', send, to, `${count}`, `${gap}`, `${bytes}`] as const
/** How many of three messages are answered. */
const answers = (from: Guest, to: string, bytes = 8): number => Number(must('ip', ...sending(from, to, 3, 20, bytes)).trim())

/** A host's first process. */
const own = 'mount -t tmpfs tmpfs /run/netns && exec "$0" "$@"'

/** To all of the network. */
const shout = `
const socket = require('node:dgram').createSocket('udp4')
socket.bind(0, () => {
  socket.setBroadcast(true)
  socket.send('x', 67, '10.77.0.255', () => process.exit(0))
})
`

/** A frame of a tunnel as anybody on the underlay could send it: a UDP packet from nobody to \`ada\`. */
const forged = `
const [vni, mac, address, to] = process.argv.slice(1)
const ip = text => Buffer.from(text.split('.').map(Number))
const hex = text => Buffer.from(text.replaceAll(':', ''), 'hex')
const udp = Buffer.from([0x30, 0x39, 0x27, 0x0f, 0, 12, 0, 0, 1, 2, 3, 4])
const header = Buffer.concat([Buffer.from([0x45, 0, 0, 20 + udp.length, 0, 1, 0, 0, 64, 17, 0, 0]), ip('10.77.0.66'), ip(address)])
let sum = 0
for (let i = 0; i < 20; i += 2) sum += header.readUInt16BE(i)
header.writeUInt16BE(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 10)
const inner = Buffer.concat([hex(mac), hex('02:00:00:00:00:66'), Buffer.from([8, 0]), header, udp])
const outer = Buffer.from([8, 0, 0, 0, vni >> 16, (vni >> 8) & 255, vni & 255, 0])
const socket = require('node:dgram').createSocket('udp4')
socket.send(Buffer.concat([outer, inner]), 4789, to, () => process.exit(0))
`

describe.skipIf(why !== null)(`a network over two hosts${why === null ? '' : ` (${why})`}`, () => {
  let dir = ''
  const agents = new Map<HostName, { child: ChildProcess; answers: AsyncIterator<string> }>()
  const echoes: ChildProcess[] = []
  const at = new Map<Guest, HostName>([
    [ada, 'h1'],
    [bob, 'h2'],
    [dan, 'h1'],
    [eve, 'h2'],
  ])

  /** Has a host made as `at` says; the commands that it took. */
  async function apply(host: HostName, networks = wanted(host, at)): Promise<string[]> {
    const agent = agents.get(host)
    agent?.child.stdin?.write(`${JSON.stringify(networks)}\n`)
    const { result, changes } = JSON.parse((await agent?.answers.next())?.value ?? '{}')
    expect(result).toEqual({ ok: true })
    return changes
  }

  /** Plugs a guest in on its host, as its hypervisor does. */
  function plug(one: Guest): void {
    const host = space(at.get(one) ?? '')
    const tap = tapName(tag, one.id)
    must('ip', '-n', host, 'link', 'add', tap, 'mtu', '1450', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(one.id))
    must('ip', '-n', space(one.id), 'link', 'set', 'eth0', 'address', one.mac, 'mtu', '1450', 'up')
    must('ip', '-n', space(one.id), 'addr', 'add', `${one.address}/24`, 'dev', 'eth0')
    must('ip', '-n', host, 'link', 'set', tap, 'master', bridgeName(tag, one.network), 'up')
  }
  const unplug = (one: Guest, host: HostName) => must('ip', '-n', space(host), 'link', 'del', tapName(tag, one.id))
  const sent = (host: HostName): number => {
    const shown = JSON.parse(must('ip', '-n', space(host), '-j', '-s', 'link', 'show', 'dev', overlayName(tag, 'red')))
    return shown[0].stats64.tx.packets
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'overlay-'))
    await chmod(dir, 0o711)
    must('ip', 'netns', 'add', space('under'))
    must('ip', '-n', space('under'), 'link', 'add', 'under', 'type', 'bridge')
    must('ip', '-n', space('under'), 'link', 'set', 'under', 'up')
    for (const [name, address] of Object.entries(underlays)) {
      must('ip', 'netns', 'add', space(name))
      must('ip', '-n', space(name), 'link', 'set', 'lo', 'up')
      must('ip', '-n', space('under'), 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'und0', 'netns', space(name))
      must('ip', '-n', space('under'), 'link', 'set', name, 'master', 'under', 'up')
      must('ip', '-n', space(name), 'addr', 'add', `${address}/24`, 'dev', 'und0')
      must('ip', '-n', space(name), 'link', 'set', 'und0', 'up')
    }
    for (const host of ['h1', 'h2'] as const) {
      const script = join(import.meta.dirname, '../../support/host-networks.ts')
      const place = ['mine', tag, join(dir, host), underlays[host]]
      // Names of namespaces are a host's own, too.
      const alone = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', own, process.execPath]
      const child = spawn('ip', ['netns', 'exec', space(host), ...alone, script, ...place], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      agents.set(host, { child, answers: createInterface({ input: child.stdout })[Symbol.asyncIterator]() })
    }
    await Promise.all([apply('h1'), apply('h2')])
    for (const one of all) {
      must('ip', 'netns', 'add', space(one.id))
      if (at.has(one)) plug(one)
      const child = spawn('ip', ['netns', 'exec', space(one.id), process.execPath, '-e', echo], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      echoes.push(child)
      await once(child.stdout, 'data')
    }
  }, 60_000)

  afterAll(async () => {
    for (const child of echoes) child.kill('SIGKILL')
    at.clear()
    for (const [host, { child }] of agents) {
      await apply(host, [])
      child.kill('SIGKILL')
    }
    for (const name of ['under', ...Object.keys(underlays), ...all.map(({ id }) => id)]) sh('ip', 'netns', 'del', space(name))
    await rm(dir, { recursive: true, force: true })
  }, 60_000)

  test('two machines of one network reach each other from host to host, with frames as large as the guests make them', () => {
    expect(answers(ada, bob.address)).toBe(3)
    expect(answers(bob, ada.address)).toBe(3)
    expect(answers(dan, eve.address)).toBe(3)
    expect(answers(ada, bob.address, 1450 - 28)).toBe(3)
  })

  test('a second network does not meet it, and has the same gateway’s address and MAC on both hosts', () => {
    for (const { address } of [dan, eve]) expect(answers(ada, address)).toBe(0)
    const gateways = (['h1', 'h2'] as const).map(host => {
      const [link] = JSON.parse(must('ip', '-n', space(host), '-j', 'addr', 'show', 'dev', bridgeName(tag, 'red')))
      return { mac: link.address, address: link.addr_info[0].local, mtu: link.mtu }
    })
    expect(gateways[0]).toEqual(gateways[1])
    expect(gateways[0]).toMatchObject({ address: '10.77.0.1', mtu: 1450 })
  })

  test('nothing that is for all crosses the underlay: no ARP for whom nobody knows, no broadcast', () => {
    expect(answers(ada, bob.address)).toBe(3)
    const before = sent('h1')
    expect(answers(ada, '10.77.0.99')).toBe(0)
    must('ip', '-n', space('ada'), 'neigh', 'flush', 'dev', 'eth0')
    must('ip', 'netns', 'exec', space('ada'), process.execPath, '-e', shout)
    expect(sent('h1')).toBe(before)
    expect(answers(ada, bob.address)).toBe(3)
  })

  test('a machine’s name is known on both hosts', () => {
    const asked = (name: string, from = ada) =>
      within(
        space(from.id),
        process.execPath,
        '-e',
        `const r = new (require('node:dns').promises.Resolver)({ timeout: 1000, tries: 2 }); r.setServers(['10.77.0.1']); r.resolve4('${name}').then(all => console.log(all.join()), () => {})`,
      ).stdout.trim()
    expect(asked('bob.red.internal')).toBe(bob.address)
    expect(asked('ada.red.internal')).toBe(ada.address)
    expect(asked('eve.red.internal')).toBe('')
    for (const from of [dan, eve]) for (const one of [dan, eve]) expect(asked(`${one.id}.blue.internal`, from)).toBe(one.address)
    expect(asked('ada.blue.internal', eve)).toBe('')
  })

  test('who is no host of the network sends nothing into it; without the rule it would', async () => {
    must(
      'ip',
      'netns',
      'exec',
      space('ada'),
      'nft',
      'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c udp dport 9999 counter',
    )
    const came = () => /packets (\d+)/.exec(must('ip', 'netns', 'exec', space('ada'), 'nft', 'list', 'table', 'ip', 't'))?.[1]
    const forge = () =>
      must(
        'ip',
        'netns',
        'exec',
        space('stranger'),
        process.execPath,
        '-e',
        forged,
        `${vnis.red}`,
        ada.mac,
        ada.address,
        underlays.h1,
      )
    forge()
    expect(came()).toBe('0')
    must('ip', 'netns', 'exec', space('h1'), 'nft', 'flush', 'chain', 'inet', `sirocco_${tag}`, 'tunnels')
    forge()
    expect(came()).toBe('1')
    must('ip', 'netns', 'exec', space('h1'), 'nft', 'delete', 'table', 'inet', `sirocco_${tag}`)
    await apply('h1')
  })

  test('another life of the agent does nothing, and cuts nothing', async () => {
    expect(await apply('h1')).toEqual([])
    expect(await apply('h2')).toEqual([])
  })

  test('what leaked is removed, what was lost is made again: links, and entries of all three tables', async () => {
    const [tunnel, bridge] = [overlayName(tag, 'red'), bridgeName(tag, 'red')]
    const left = overlayName(tag, 'left')
    must('ip', '-n', space('h1'), 'link', 'add', left, 'type', 'vxlan', 'id', '70009', 'local', underlays.h1, 'dstport', '4789')
    must('bridge', '-n', space('h1'), 'fdb', 'add', '02:00:00:00:00:77', 'dev', tunnel, 'dst', '192.0.2.7', 'self', 'permanent')
    must('bridge', '-n', space('h1'), 'fdb', 'add', '02:00:00:00:00:77', 'dev', tunnel, 'master', 'static')
    must('ip', '-n', space('h1'), 'neigh', 'add', '10.77.0.77', 'lladdr', '02:00:00:00:00:77', 'dev', bridge, 'nud', 'permanent')
    must('ip', '-n', space('h1'), 'neigh', 'del', bob.address, 'dev', bridge)
    must('bridge', '-n', space('h1'), 'fdb', 'del', bob.mac, 'dev', tunnel, 'dst', underlays.h2, 'self')
    expect(answers(ada, bob.address)).toBe(0)
    await apply('h1')
    expect(answers(ada, bob.address)).toBe(3)
    const shown = [
      must('ip', '-n', space('h1'), 'link', 'show'),
      must('bridge', '-n', space('h1'), 'fdb', 'show'),
      must('ip', '-n', space('h1'), 'neigh', 'show', 'nud', 'permanent'),
    ].join('')
    for (const leaked of [left, '02:00:00:00:00:77', '10.77.0.77']) expect(shown).not.toContain(leaked)
    expect(await apply('h1')).toEqual([])
    must('ip', '-n', space('h1'), 'link', 'del', tunnel)
    await apply('h1')
    expect(answers(ada, bob.address)).toBe(3)
  })

  test('a machine that moves to the other host is found there by all within a second', async () => {
    at.set(cyd, 'h1')
    await Promise.all([apply('h1'), apply('h2')])
    plug(cyd)
    expect(answers(bob, cyd.address)).toBe(3)
    const [program, ...args] = ['ip', ...sending(cyd, bob.address, 150, 20)]
    const talk = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const words = createInterface({ input: talk.stdout })[Symbol.asyncIterator]()
    // The other host prepares itself while the machine is still where it was; then it is there, and at last all are told.
    const [, staying] = wanted('h2', at)
    const [red] = wanted('h2', new Map([...at, [cyd, 'h2']]))
    const neighbours = wanted('h2', at)[0]?.neighbours ?? []
    if (red && staying) await apply('h2', [{ ...red, neighbours }, staying])
    unplug(cyd, 'h1')
    at.set(cyd, 'h2')
    plug(cyd)
    await Promise.all([apply('h1'), apply('h2')])
    const answered = Number((await words.next()).value)
    // 20 ms each: fifty are a second.
    expect(answered).toBeGreaterThan(100)
    expect(answers(ada, cyd.address)).toBe(3)
    expect(answers(cyd, ada.address)).toBe(3)
    expect(answers(bob, cyd.address)).toBe(3)
  })
})
