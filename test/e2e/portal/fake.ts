import { createReadStream, existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { simulatedScreen } from '@sirocco/agent/drivers/simulated/screen.ts'
import type { Flavor } from '@sirocco/shared/api/catalogue.ts'
import type { Event, FeedMessage } from '@sirocco/shared/api/events.ts'
import type { Host } from '@sirocco/shared/api/hosts.ts'
import type { Image } from '@sirocco/shared/api/images.ts'
import type { KeyPair } from '@sirocco/shared/api/key-pairs.ts'
import type { Machine } from '@sirocco/shared/api/machines.ts'
import type { Network } from '@sirocco/shared/api/networks.ts'
import type { Operation } from '@sirocco/shared/api/operations.ts'
import type { PlacementGroup } from '@sirocco/shared/api/placement-groups.ts'
import type { Problem } from '@sirocco/shared/api/problem.ts'
import type { Usage } from '@sirocco/shared/api/samples.ts'
import type { Me } from '@sirocco/shared/api/sessions.ts'
import type { FaultCode } from '@sirocco/shared/kit/fault.ts'
import { flavors as shapes } from '@sirocco/shared/model/flavors.ts'
import { type MachineState, type MachineVerb, machineVerbs } from '@sirocco/shared/model/machines/states.ts'
import { changeRefusal, refusal, verdictOf } from '@sirocco/shared/model/machines/transitions.ts'
import { type WebSocket, WebSocketServer } from 'ws'
import { fakeBilling } from './fake-billing.ts'
import { fakePeople } from './fake-people.ts'

/**
 * A control plane of cardboard, for the portal's own specs: the native API's shapes, its feed and a console that echoes. Machines
 * come and go by timers. Sentinel names make it fail: a machine named `fail-quota`, `fail-boot` or `fail-field`.
 */
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

export interface Fake {
  readonly url: string
  /** Cuts every open socket, as a restart of the control plane would. */
  cut(): void
  /** Refuses new sockets while true. */
  down(is: boolean): void
  close(): Promise<void>
}

export interface FakeOptions {
  readonly port?: number
  /** `empty`: nothing but an image; `busy`: a project in use; `crowd`: 10,000 machines. */
  readonly scene?: 'empty' | 'busy' | 'crowd'
  readonly simulated?: boolean
  readonly role?: Me['role']
}

const dist = join(import.meta.dirname, '../../../portal/dist/')
/** As the control plane sets it. */
export const policy =
  "default-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** ms of one step of a machine's life here. */
const stepTime = 700

export const password = 'desert-wind'
export const linkToken = 'a-sign-in-link-token'
export const invitationToken = 'the-token-of-an-invitation'

let last = 0
/** Crockford's base 32, as ids are written. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
function id(prefix: string): string {
  const digits = (++last).toString(32).padStart(20, '0')
  return `${prefix}_${Array.from(digits, digit => alphabet.charAt(Number.parseInt(digit, 32))).join('')}`
}
const hex = (prefix: string): string => `${prefix}-${(++last * 7919).toString(16).padStart(17, '0')}`
const iso = (ago = 0): string => new Date(Date.now() - ago).toISOString()

export async function startFake({
  port = 0,
  scene = 'empty',
  simulated = false,
  role = 'admin',
}: FakeOptions = {}): Promise<Fake> {
  const machines = new Map<string, Machine>()
  const operations: Operation[] = []
  const events: Event[] = []
  const pairs: KeyPair[] = []
  const launched = new Map<string, unknown>()
  const listeners = new Set<WebSocket>()
  const timers = new Set<NodeJS.Timeout>()
  let refusing = false

  const flavors: Flavor[] = shapes.map(shape => ({ id: id('flv'), ...shape }))
  const image: Image = {
    id: id('img'),
    ec2Id: hex('ami'),
    name: 'tiny-1',
    description: 'A very small Linux that boots in a second',
    public: true,
    owner: 'platform',
    account: null,
    visibility: 'public',
    state: 'ready',
    progress: null,
    fault: null,
    deprecatedAt: null,
    forRescue: false,
    firmware: 'bios',
    virtualBytes: 100_663_296,
    sha256: null,
    origin: null,
    architecture: 'x86_64',
    minDiskMiB: 64,
    bytes: 14_680_064,
    createdAt: iso(86_400_000),
  }
  const debian: Image = {
    ...image,
    id: id('img'),
    ec2Id: hex('ami'),
    name: 'debian-12',
    description: 'Debian 12 with cloud-init',
    minDiskMiB: 3_072,
    bytes: 348_127_232,
  }
  const images = scene === 'empty' ? [image] : [debian, image]
  const me: Me = {
    user: { id: id('usr'), email: 'ada@example.org' },
    project: { id: id('prj'), name: 'aurora', account: '482910573364' },
    role,
    via: 'session',
    simulated,
    region: 'local',
    ec2Endpoint: 'http://127.0.0.1:8788',
  }
  const hostId = id('hst')

  const later = (ms: number, call: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      call()
    }, ms)
    timers.add(timer)
  }
  const tell = (type: string, subject: string, data: Record<string, unknown> = {}, ago = 0): void => {
    const event: Event = { seq: events.length + 1, id: id('evt'), type, subject, data, at: iso(ago) }
    events.push(event)
    const message: FeedMessage = { events: [event], cursor: event.seq }
    for (const listener of listeners) listener.send(JSON.stringify(message))
  }
  const groupOf = (name: string, policy: PlacementGroup['policy']): PlacementGroup => ({
    ...{ id: id('pgr'), ec2Id: hex('pg'), name, policy, strict: true },
    ...{ machines: 0, hosts: 0, createdAt: iso(3_600_000) },
  })
  const networkOf = (name: string, cidr: string | null): Network => ({
    ...{ id: id('net'), ec2Id: hex('vpc'), name, region: 'local-1', isDefault: cidr === null, cidr },
    subnets: [
      { id: id('sub'), ec2Id: hex('subnet'), zone: 'local-1a', cidr: cidr?.replace(/16$/, '24') ?? '10.64.0.0/20', mtu: 1450 },
    ],
  })
  const networks = [networkOf('default', null)]
  const groups = [groupOf('far-apart', 'anti-affinity')]
  const allowedIn = (state: MachineState): Machine['allowed'] => ({
    start: refusal('start', state),
    stop: refusal('stop', state),
    reboot: refusal('reboot', state),
    pause: refusal('pause', state),
    suspend: refusal('suspend', state),
    resume: refusal('resume', state),
    delete: refusal('delete', state),
    rename: changeRefusal('rename', state, false),
    protect: changeRefusal('protect', state, false),
    resize: changeRefusal('resize', state, false),
    userData: changeRefusal('userData', state, false),
    snapshot: changeRefusal('snapshot', state, false),
    revert: changeRefusal('revert', state, false),
    rescue: changeRefusal('rescue', state, false),
    unrescue: changeRefusal('unrescue', state, false),
  })
  const become = (machine: string, state: MachineState, more: Partial<Machine> = {}, ago = 0): void => {
    const now = machines.get(machine)
    if (!now) return
    machines.set(machine, { ...now, state, allowed: allowedIn(state), progress: null, ...more })
    tell('machine.state', machine, { from: now.state, to: state }, ago)
  }
  const begin = (kind: Operation['kind'], machine: string, waiting: string | null, ago = 0): Operation => {
    const operation: Operation = {
      id: id('op'),
      kind,
      subject: machine,
      state: 'running',
      steps: [{ name: 'ensure', state: 'current' }],
      waiting,
      waitingSaid: null,
      waitingSince: waiting === null ? null : iso(ago),
      looksAgainAt: iso(0),
      givesUpAt: null,
      advice: 'wait',
      allowed: { retry: null, cancel: null, resolve: 'is_not_stuck' },
      fault: null,
      generation: 1,
      createdAt: iso(ago),
      endedAt: null,
    }
    operations.unshift(operation)
    return operation
  }
  const end = (operation: Operation, change: Partial<Operation> = {}, ago = 0): void => {
    const at = operations.indexOf(operation)
    operations[at] = { ...operation, state: 'done', waiting: null, endedAt: iso(ago), ...change }
    tell('operation.ended', operation.id, { machine: operation.subject }, ago)
  }
  const makeMachine = (name: string, flavorName: string, image: Image, keyPair: string | null, ago = 0): Machine => {
    const flavor = shapes.find(shape => shape.name === flavorName) ?? shapes[0]
    if (!flavor) throw new Error('no flavors')
    const n = machines.size + 2
    const address = `10.64.${Math.floor(n / 250)}.${n % 250}`
    const machine: Machine = {
      id: id('vm'),
      ec2Id: hex('i'),
      name,
      state: 'creating',
      allowed: allowedIn('creating'),
      stateReason: null,
      progress: null,
      region: 'local',
      zone: 'locala',
      flavor: { ...flavor },
      image: { id: image.id, ec2Id: image.ec2Id },
      keyPair,
      placementGroup: null,
      hostTags: {},
      volumes: [
        {
          id: id('vol'),
          ec2Id: 'vol-0123456789abcdef0',
          device: 'vda',
          sizeMiB: flavor.diskMiB,
          boot: true,
          deleteOnTermination: true,
        },
      ],
      addresses: [address],
      ports: [
        {
          id: id('prt'),
          ec2Id: hex('eni'),
          network: id('net'),
          subnet: id('sub'),
          mac: '52:54:00:12:34:56',
          address,
          groups: [],
        },
      ],
      rescue: null,
      tags: name === '' ? {} : { Name: name },
      ...(role === 'admin' ? { host: hostId } : {}),
      reservation: hex('r'),
      onGuestShutdown: 'stop',
      protected: false,
      firmware: 'bios',
      recover: 'no',
      generation: 1,
      createdAt: iso(ago),
      ranAt: null,
    }
    machines.set(machine.id, machine)
    return machine
  }
  const live = (machine: Machine): void => {
    const operation = begin('machine.create', machine.id, 'its host to start it')
    tell('machine.launch', machine.id)
    later(stepTime, () => {
      become(machine.id, 'creating', { progress: 'fetching image 60 %' })
      later(stepTime, () => {
        if (machine.name === 'fail-boot') {
          const fault = { code: 'internal' as const, message: 'the image does not boot: no bootable device' }
          become(machine.id, 'failed', { stateReason: fault })
          return end(operation, { state: 'failed', fault })
        }
        become(machine.id, 'running', { ranAt: iso() })
        end(operation)
      })
    })
  }
  const act = (verb: MachineVerb, machine: Machine): Operation | null => {
    if (verdictOf(verb, machine.state) === 'done') return null
    const operation = begin(`machine.${verb}`, machine.id, verb === 'stop' ? 'the guest to shut down' : null)
    const way = {
      start: ['starting', 'running'],
      stop: ['stopping', 'stopped'],
      reboot: ['running', 'running'],
      pause: ['running', 'paused'],
      suspend: ['stopping', 'suspended'],
      resume: ['starting', 'running'],
      delete: ['deleting', 'gone'],
    } as const
    const [first, then] = way[verb]
    become(machine.id, first)
    later(stepTime * 2, () => {
      become(machine.id, then)
      end(operation)
      if (verb === 'delete')
        later(stepTime, () => {
          machines.delete(machine.id)
          tell('machine.gone', machine.id)
        })
    })
    return operation
  }

  const hour = 3_600_000
  if (scene === 'busy') {
    pairs.push(
      pairOf('ada@laptop', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1rZ8wq0x8Yv9m1V2dJr0f1Zt4bqv8Xb1f0c2rT9XyZ ada@laptop'),
    )
    const rows = [
      ['web-1', 't3.small', 'running', 75],
      ['web-2', 't3.small', 'running', 75],
      ['web-3', 't3.small', 'starting', 75],
      ['db-primary', 'm5.xlarge', 'running', 300],
      ['db-replica', 'm5.large', 'running', 299],
      ['build-agent-1', 't3.xlarge', 'stopped', 52],
      ['build-agent-2', 't3.xlarge', 'stopping', 52],
      ['queue', 't3.medium', 'running', 190],
      ['metrics', 't3.large', 'running', 26],
      ['bastion', 't3.nano', 'running', 310],
      ['import-test', 't3.micro', 'failed', 3],
      ['edge-cache', 't3.micro', 'unknown', 12],
    ] as const
    for (const [name, flavor, state, hours] of rows) {
      const machine = makeMachine(name, flavor, debian, 'ada@laptop', hours * hour)
      const operation = begin('machine.create', machine.id, null, hours * hour)
      become(machine.id, 'creating', {}, hours * hour - 400)
      become(machine.id, 'running', { ranAt: iso(hours * hour - 2_300) }, hours * hour - 2_300)
      end(operation, {}, hours * hour - 2_300)
      if (state !== 'running')
        become(
          machine.id,
          state,
          state === 'failed' ? { stateReason: { code: 'internal', message: 'crashed 3 times within 10 minutes' } } : {},
          hour,
        )
    }
  }
  if (scene === 'crowd')
    for (let n = 0; n < 10_000; n++) become(makeMachine(`node-${n}`, 't3.micro', debian, null, n * 1_000).id, 'running')

  function pairOf(name: string, publicKey: string): KeyPair {
    return {
      id: id('kpr'),
      ec2Id: hex('key'),
      name,
      type: publicKey.startsWith('ssh-rsa') ? 'rsa' : 'ed25519',
      fingerprint: 'qmJv5lQd1s2kK0t0w2nN8aYcQm9xXv5b2uL3oP4rS5Y=',
      publicKey,
      tags: {},
      createdAt: iso(48 * hour),
    }
  }
  /** What an admin said of the host. */
  let said: object = {}
  const hosts = (): Host[] => {
    const on = [...machines.values()].filter(machine => machine.state !== 'gone')
    const sum = (pick: (machine: Machine) => number): number => on.reduce((all, machine) => all + pick(machine), 0)
    return [
      {
        id: hostId,
        name: 'dune-1',
        region: 'local',
        zone: 'locala',
        agent: id('agt'),
        agentVersion: '0.1.0',
        agentBundle: null,
        upgrade: 'unknown',
        state: 'up',
        silentSince: null,
        seenAt: iso(4_000),
        accepting: true,
        fenced: null,
        power: null,
        maintenance: 'none',
        underlay: null,
        hypervisor: simulated ? 'simulated' : 'QEMU',
        hypervisorVersion: simulated ? '1' : '7.2.19',
        acceleration: simulated ? 'simulated' : 'hardware',
        architecture: 'x86_64',
        cpuRatio: 8,
        memoryRatio: 1,
        diskRatio: 4,
        tags: {},
        capacity: { vcpus: 64, memoryMiB: 131_072, diskMiB: 4_194_304 },
        used: { vcpus: sum(m => m.flavor.vcpus), memoryMiB: sum(m => m.flavor.memoryMiB), diskMiB: sum(m => m.flavor.diskMiB) },
        machines: on.length,
        warnings: scene === 'busy' ? ['nested virtualisation is off: guests cannot run guests'] : [],
        orphans: scene === 'busy' ? [{ machine: 'vm_0123456789abcdefghjk', power: 'running' }] : [],
        ...said,
      },
    ]
  }

  /** A quarter of an hour of somebody who works in bursts. */
  const usage = (): Usage => ({
    from: iso(3_600_000),
    to: iso(),
    step: 10,
    live: true,
    points: Array.from({ length: 90 }, (_, i) => ({
      at: iso((90 - i) * 10_000),
      cpu: 0.4 + 0.3 * Math.sin(i / 7),
      memoryBytes: (300 + i) * 1_048_576,
      diskReadRate: i % 9 === 0 ? 900_000 : 20_000,
      diskWriteRate: 120_000 + 60_000 * Math.sin(i / 11),
      networkInRate: 40_000,
      networkOutRate: 15_000 + 9_000 * Math.cos(i / 5),
    })),
  })

  const people = fakePeople(me)
  const billing = fakeBilling()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake')
    const path = url.pathname
    if (!path.startsWith('/api/')) return asset(path, response)
    const parts = path.split('/').slice(3).map(decodeURIComponent)
    const [noun, key, verb] = parts
    const method = request.method ?? 'GET'
    const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
      response.end(status === 204 ? undefined : JSON.stringify(body))
    }
    const refuse = (status: number, code: FaultCode, detail: string, field?: string): void => {
      const problem: Problem = {
        type: `https://sirocco.dev/problems/${code}`,
        title: code,
        status,
        detail,
        code,
        ...(field ? { field } : {}),
        instance: 'req_7f3c9a',
      }
      send(status, problem, { 'content-type': 'application/problem+json' })
    }
    const page = (items: readonly unknown[]): void => send(200, { items, next: null })
    const body = await bodyOf(request)

    if (noun === 'sessions' && method === 'POST') {
      if (body.invitation === invitationToken && String(body.password).length < 12)
        return refuse(400, 'invalid', 'choose a password of at least 12 characters')
      const right =
        body.link === linkToken ||
        body.invitation === invitationToken ||
        (body.email === me.user.email && body.password === password)
      if (!right) return refuse(401, 'unauthenticated', 'no such person and password')
      return send(201, me, { 'set-cookie': 'sirocco_session=1; HttpOnly; SameSite=Strict; Path=/' })
    }
    if (!(request.headers.cookie ?? '').includes('sirocco_session=1')) return refuse(401, 'unauthenticated', 'sign in first')
    if (noun === 'sessions')
      return method === 'DELETE' ? send(204, null, { 'set-cookie': 'sirocco_session=; Max-Age=0; Path=/' }) : send(200, me)
    if (noun === 'second-factor') return send(200, { since: iso(86_400_000), recoveryCodes: 9 })
    if (noun === 'passkeys')
      return page([{ id: id('pky'), name: 'laptop', backedUp: true, createdAt: iso(86_400_000), lastUsedAt: null }])
    const billed = billing(method, parts, body)
    if (billed) return send(billed.status, billed.body)
    const tenancy = people(method, parts, body)
    if (tenancy) return send(tenancy.status, tenancy.body)
    if (noun === 'images') return page(images)
    if (noun === 'flavors') return page(flavors)
    if (noun === 'security-groups') return page([])
    if (noun === 'networks') {
      if (method === 'GET') return page(networks)
      const at = networks.findIndex(one => one.id === key)
      if (method === 'DELETE') {
        if (at >= 0) networks.splice(at, 1)
        return send(204, null)
      }
      const made = networkOf(String(body.name), String(body.cidr))
      networks.push(made)
      return send(201, made)
    }
    if (noun === 'regions') return page([{ name: 'local-1', zones: [{ name: 'local-1a' }] }])
    if (noun === 'placement-groups') {
      if (method === 'GET') return page(groups)
      const at = groups.findIndex(({ name }) => name === key)
      if (method === 'DELETE') {
        if (at >= 0) groups.splice(at, 1)
        return send(204, null)
      }
      const made = groupOf(String(body.name), body.policy === 'affinity' ? 'affinity' : 'anti-affinity')
      groups.push(made)
      return send(201, made)
    }
    if (noun === 'hosts' && method === 'PATCH') {
      said = { ...said, ...body }
      return send(200, hosts()[0])
    }
    if (noun === 'hosts' && verb === 'orphans')
      return page([
        {
          id: 'orp_1',
          kind: 'machine',
          machine: 'vm_0123456789abcdefghjk',
          name: 'forgotten',
          power: 'running',
          since: iso(3_600_000),
          removing: false,
          made: { vcpus: 2, memoryMiB: 2048, image: null, volumes: [{ id: 'vol_1', device: 'vda', sizeMiB: 8192 }] },
        },
      ])
    if (noun === 'hosts') return role === 'admin' ? page(hosts()) : refuse(403, 'forbidden', 'admins only')
    if (verb === 'samples') return send(200, usage())
    const told = noun === 'operations' && method === 'POST' ? operations.find(each => each.id === key) : undefined
    if (told) {
      if (verb === 'cancel') end(told, { state: 'cancelled', fault: { code: 'conflict', message: 'it was cancelled' } })
      return send(202, { operation: operations.find(each => each.id === key), operations: [told.id] })
    }
    if (noun === 'operations') return page(operations.filter(operation => operation.subject === url.searchParams.get('subject')))
    if (noun === 'events')
      return send(200, {
        items: events.filter(event => event.subject === url.searchParams.get('subject')),
        reset: false,
        cursor: events.length,
      })
    if (noun === 'key-pairs') {
      if (method === 'GET') return page(pairs)
      const name = String(body.name ?? key)
      const at = pairs.findIndex(pair => pair.name === name)
      if (method === 'DELETE') {
        if (at >= 0) pairs.splice(at, 1)
        return send(204, null)
      }
      if (at >= 0) return refuse(409, 'already_exists', `a key pair named ${name} exists already`, 'name')
      const pair = pairOf(name, typeof body.publicKey === 'string' ? body.publicKey : 'ssh-ed25519 AAAA')
      pairs.push(pair)
      const secret =
        body.publicKey === undefined
          ? { privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nnot real\n-----END OPENSSH PRIVATE KEY-----\n' }
          : {}
      return send(201, { ...pair, ...secret })
    }
    if (noun === 'machines' && key === undefined) {
      if (method === 'GET') {
        const ids = url.searchParams.getAll('id')
        if (ids.length > 0) return page(ids.flatMap(each => machines.get(each) ?? []))
        const from = Number(url.searchParams.get('cursor') ?? 0)
        const limit = Number(url.searchParams.get('limit') ?? 100)
        const all = [...machines.values()]
        return send(200, { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null })
      }
      const token = String(request.headers['idempotency-key'] ?? '')
      const before = launched.get(token)
      if (before) return send(202, before)
      const name = String(body.name ?? '')
      if (name === 'fail-quota') return refuse(409, 'quota', 'the project may have 20 machines')
      if (name === 'fail-field') return refuse(400, 'invalid', 'this name is reserved', 'name')
      const chosen = images.find(each => each.id === body.image) ?? image
      const keyPair = typeof body.keyPair === 'string' ? body.keyPair : null
      const made = Array.from({ length: Number(body.count ?? 1) }, () => makeMachine(name, String(body.flavor), chosen, keyPair))
      for (const machine of made) live(machine)
      const result = { reservation: hex('r'), machines: made }
      launched.set(token, result)
      return send(202, result)
    }
    const machine = noun === 'machines' && key !== undefined ? machines.get(key) : undefined
    if (!machine) return refuse(404, 'not_found', 'no such machine')
    if (method === 'GET' && verb === undefined) return send(200, machine)
    if (verb === 'screenshot') return send(200, { png: onePixel, at: iso() })
    if (verb === 'guest')
      return send(200, {
        hostname: 'inside',
        os: { name: 'Debian', version: '12', kernel: '6.1' },
        interfaces: [{ name: 'eth0', mac: '52:54:00:12:34:56', addresses: ['10.64.0.2/24'] }],
        at: iso(),
      })
    if (verb === 'console-log')
      return send(200, {
        text: '[    0.000000] Linux version 6.1\r\nSirocco tiny: \u001b[32mready\u001b[0m\r\nlogin: ',
        at: iso(),
      })
    if (verb === 'screen') return send(201, { ticket: 's1', path: '/api/v1/consoles/s1', password: screenPassword })
    if (verb === 'console') return send(201, { ticket: 't1', path: '/api/v1/consoles/t1' })
    if (verb === 'rename' || verb === 'resize' || verb === 'protection') {
      const flavor = shapes.find(shape => shape.name === body.flavor) ?? machine.flavor
      const name = typeof body.name === 'string' ? body.name : machine.name
      become(machine.id, machine.state, {
        name,
        flavor,
        protected: verb === 'protection' ? body.protected === true : machine.protected,
      })
      return send(200, machines.get(machine.id))
    }
    const asked = method === 'DELETE' ? 'delete' : machineVerbs.find(word => word === verb)
    if (!asked) return refuse(404, 'not_found', 'no such path')
    const why = refusal(asked, machine.state)
    if (why) return refuse(409, 'precondition', why)
    const operation = act(asked, machine)
    send(202, { machine: machines.get(machine.id), operations: operation ? [operation.id] : [] })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(error => {
      response.writeHead(500).end(String(error))
    })
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    if (refusing || !(request.headers.cookie ?? '').includes('sirocco_session=1')) return socket.destroy()
    sockets.handleUpgrade(request, socket, head, wire => {
      if (url.pathname === '/api/v1/consoles/s1') return show(wire)
      if (url.pathname.startsWith('/api/v1/consoles/')) return talk(wire)
      const asked = url.searchParams.get('after')
      const after = asked === null ? events.length : Number(asked)
      listeners.add(wire)
      wire.on('close', () => listeners.delete(wire))
      wire.on('message', data => String(data) === 'ping' && wire.send('pong'))
      wire.send(JSON.stringify({ events: events.slice(after), cursor: events.length } satisfies FeedMessage))
    })
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('no port')

  return {
    url: `http://127.0.0.1:${at.port}`,
    cut() {
      for (const listener of listeners) listener.terminate()
    },
    down(is) {
      refusing = is
    },
    async close() {
      for (const timer of timers) clearTimeout(timer)
      for (const wire of sockets.clients) wire.terminate()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const screenPassword = 'swordfsh'

/** A screen at the other end of a ticket: every byte of the viewer is acknowledged. */
function show(wire: WebSocket): void {
  const screen = simulatedScreen(
    screenPassword,
    new Uint8Array(16).fill(7),
    'screen',
    bytes => wire.send(bytes),
    () => wire.close(),
  )
  wire.on('message', (data: Buffer, binary) => {
    if (!binary) return
    wire.send(JSON.stringify({ ack: data.byteLength }))
    screen.write(data)
  })
}

/** A guest's console: greets, echoes, acknowledges. */
function talk(wire: WebSocket): void {
  let line = ''
  wire.send(Buffer.from('\r\n\u001b[1mSirocco tiny\u001b[0m\r\n\u001b[32mtiny login:\u001b[0m '))
  wire.on('message', (data, binary) => {
    if (!binary) return
    const text = String(data)
    wire.send(JSON.stringify({ ack: Buffer.byteLength(text) }))
    for (const character of text) {
      if (character === '\r') {
        wire.send(Buffer.from(`\r\nyou said: ${line}\r\n# `))
        line = ''
      } else {
        line += character
        wire.send(Buffer.from(character))
      }
    }
  })
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  if (chunks.length === 0) return {}
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** A file of the built portal, or its page. */
export function asset(path: string, response: ServerResponse): void {
  const file = join(dist, normalize(path))
  const known = file.startsWith(dist) && extname(file) !== '' && existsSync(file)
  const served = known ? file : join(dist, 'index.html')
  response.writeHead(200, {
    'content-type': types[extname(served)] ?? 'application/octet-stream',
    'content-security-policy': policy,
  })
  createReadStream(served).pipe(response)
}
