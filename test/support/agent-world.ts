import { createHash } from 'node:crypto'
import { type Agent, composeAgent } from '@sirocco/agent/compose.ts'
import { MemoryDisk } from '@sirocco/agent/disk/memory.ts'
import { simulatedCompute } from '@sirocco/agent/drivers/simulated/compute.ts'
import { SimulatedHost, type SimulatedOptions } from '@sirocco/agent/drivers/simulated/host.ts'
import { simulatedNetworks } from '@sirocco/agent/drivers/simulated/networks.ts'
import { simulatedStorage } from '@sirocco/agent/drivers/simulated/storage.ts'
import { SimulatedSite, simulatedUnderlay } from '@sirocco/agent/drivers/simulated/underlay.ts'
import { simulatedVolumes } from '@sirocco/agent/drivers/simulated/volumes.ts'
import type { Underlay } from '@sirocco/agent/ports/move.ts'
import type { At } from '@sirocco/agent/reconcile/points.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import type { WantedBackup } from '@sirocco/shared/wire/backups.ts'
import { ObjectSet } from '@sirocco/shared/wire/delta.ts'
import { FromAgent, type FromControl } from '@sirocco/shared/wire/frames.ts'
import type { WantedImport } from '@sirocco/shared/wire/imports.ts'
import type {
  Seen,
  SeenMachine,
  SeenVolume,
  Wanted,
  WantedMachine,
  WantedNetwork,
  WantedSnapshot,
  WantedVolume,
} from '@sirocco/shared/wire/objects.ts'
import { protocol } from '@sirocco/shared/wire/version.ts'

/** Time that passes only when a test lets it. */
export class VirtualTime implements Timers {
  #now: number
  #pending: { at: number; order: number; run: () => void }[] = []
  #order = 0

  constructor(start = 1_800_000_000_000) {
    this.#now = start
  }
  now(): number {
    return this.#now
  }
  /** Sets the clock, as an administrator might; timers keep their pauses. */
  jump(ms: number): void {
    this.#now += ms
    for (const timer of this.#pending) timer.at += ms
  }
  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#pending.push(timer)
    return {
      cancel: () => {
        this.#pending = this.#pending.filter(other => other !== timer)
      },
    }
  }
  /** Lets `ms` pass; everything due happens in its order, with all it sets off. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await quiet()
    for (;;) {
      const next = this.#pending.filter(t => t.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (!next) break
      this.#pending = this.#pending.filter(t => t !== next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await quiet()
    }
    this.#now = end
  }
}

/** All microtasks have run. */
export const quiet = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export const imageBytes = new TextEncoder().encode('a small image')
const image = {
  id: 'img_1',
  files: [
    {
      role: 'disk' as const,
      format: 'raw' as const,
      sha256: createHash('sha256').update(imageBytes).digest('hex'),
      bytes: imageBytes.byteLength,
    },
  ],
}

export const network = (more: Partial<WantedNetwork> = {}): WantedNetwork => ({
  kind: 'network',
  id: 'net_1',
  generation: 1,
  cidr: '10.64.0.0/24',
  gateway: '10.64.0.1',
  mtu: 1500,
  domain: 'test.internal',
  gone: false,
  ...more,
})

export const machine = (id: string, more: Partial<WantedMachine> = {}): WantedMachine => ({
  kind: 'machine',
  id,
  generation: 1,
  power: 'on',
  name: id.replaceAll('_', '-'),
  vcpus: 1,
  memoryMiB: 128,
  image,
  ports: [{ id: `prt_${id}`, network: 'net_1', mac: '52:54:00:00:00:01', address: '10.64.0.10' }],
  seed: { instanceId: 'i-0123456789abcdef0', keys: [], userData: '' },
  ...more,
})

/** The volume that a machine boots from. */
export const rootOf = (id: string, more: Partial<WantedVolume> = {}): WantedVolume => ({
  kind: 'volume',
  id: id.replace(/^vm_/, 'vol_'),
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  sizeMiB: 1024,
  source: { from: 'image', image: image.id, files: image.files },
  attached: { machine: id, device: 'vda', boot: true, readOnly: false },
  gone: false,
  ...more,
})

export const snapshotOf = (id: string, volume: string): WantedSnapshot => ({
  kind: 'snapshot',
  id,
  generation: 1,
  pool: { type: 'directory', id: 'spl_1' },
  volume,
  sizeMiB: 64,
  gone: false,
})

/** What every import comes to. */
export const importResult = {
  sha256: 'd'.repeat(64),
  bytes: 10,
  virtualBytes: 1_048_576,
  format: 'raw',
  sourceBytes: 20,
  sourceSha256: 'e'.repeat(64),
} as const

export const anImport = (more: Partial<WantedImport> = {}): WantedImport => ({
  kind: 'import',
  id: 'img_made',
  generation: 1,
  source: { kind: 'url', url: 'https://images.example/disk', checksum: null },
  maxBytes: 1_000_000,
  maxVirtualBytes: 1_000_000_000,
  ...more,
})

/** What every backup comes to. */
export const backupResult = { root: 'd'.repeat(64), sizeBytes: 67_108_864, storedBytes: 10 } as const

export const aBackup = (more: Partial<WantedBackup> = {}): WantedBackup => ({
  kind: 'backup',
  id: 'bak_made',
  generation: 1,
  snapshot: 'snp_1',
  volume: 'vol_data',
  base: null,
  ...more,
})

/** One host that outlives agents, one disk, and the control plane's end of the link played by the test. */
export class AgentWorld {
  readonly time: VirtualTime
  readonly disk = new MemoryDisk()
  readonly host: SimulatedHost
  readonly underlay: Underlay
  readonly log: { level: string; message: string; more: unknown }[] = []
  /** Frames that the agent sent on the present link. */
  sent: FromAgent[] = []
  /** What those say of the host. */
  seen: ObjectSet<Seen> | null = null
  fetches = 0
  fetchFails = false
  agent: Agent | null = null
  #wanted = new ObjectSet<Wanted>()
  #alive = { yes: true }
  #link: { send(text: string): void; close(reason: string): void } | null = null
  closed: string | null = null
  /** Images that were made, each time they were. */
  readonly imports: string[] = []
  /** Backups that were taken, likewise. */
  readonly backups: string[] = []
  #epoch = 0
  #revision = 0

  /** `shared`: time and the underlay of several hosts that a test joins. */
  constructor(options: Partial<SimulatedOptions> = {}, shared: { time?: VirtualTime; site?: SimulatedSite } = {}) {
    this.time = shared.time ?? new VirtualTime()
    this.underlay = simulatedUnderlay(shared.site ?? new SimulatedSite())
    this.host = new SimulatedHost({ timers: this.time, name: 'sim', bootId: 'boot-1', bootMs: 1_000, stopMs: 500, ...options })
  }

  /** Begins a life of the agent. */
  async start(at?: At): Promise<void> {
    const alive = { yes: true }
    this.#alive = alive
    const timers: Timers = {
      now: () => this.time.now(),
      after: (ms, run) => this.time.after(ms, () => (alive.yes ? run() : undefined)),
    }
    // After a kill nothing of this life goes on: what it awaits never comes.
    const passing: At = async point => {
      if (alive.yes) await at?.(point)
      if (!alive.yes) await new Promise<never>(() => {})
    }
    const composing = composeAgent({
      hosts: [
        {
          id: 'hst_1',
          name: 'sim',
          compute: simulatedCompute(this.host, 'one'),
          storage: simulatedStorage(this.host, 'one'),
          volumes: simulatedVolumes(this.host, 'one'),
          networks: simulatedNetworks(this.host, 'one'),
        },
      ],
      underlay: this.underlay,
      disk: this.disk,
      timers,
      random: seeded(7),
      fetchImage: () => this.#fetch(),
      importer: {
        make: async ({ id }) => {
          this.imports.push(id)
          return { ok: true, value: importResult }
        },
        keepOnly: async () => {},
      },
      backups: {
        take: async ({ id }) => {
          this.backups.push(id)
          return { ok: true, value: backupResult }
        },
        bring: async () => ({ ok: true, value: undefined }),
        keepOnly: async () => {},
      },
      joinConsole: async () => ({ ok: true, value: undefined }),
      identity: { agentVersion: '0', bootId: 'boot-1', runId: 'run-1' },
      log: (level, message, more) => this.log.push({ level, message, more }),
      at: passing,
    })
    this.agent = (await Promise.race([composing, quiet().then(quiet).then(quiet)])) ?? null
    await quiet()
  }
  async *#fetch(): AsyncIterable<Uint8Array> {
    this.fetches++
    if (this.fetchFails) throw new Error('no such blob')
    yield imageBytes.subarray(0, 4)
    await new Promise<void>(resolve => this.time.after(1_500, resolve))
    yield imageBytes.subarray(4)
  }

  /** The process is gone between two instructions. */
  kill(): void {
    this.#alive.yes = false
    this.#link = null
    this.agent = null
  }

  /** Connects, and plays the control plane's part: welcome, then everything that is wanted where it differs. */
  async connect({ tell = true } = {}): Promise<void> {
    this.sent = []
    this.seen = null
    this.closed = null
    const alive = this.#alive
    const link = {
      send: (text: string) => {
        if (alive.yes) this.#hear(FromAgent.parse(JSON.parse(text)))
      },
      close: (reason: string) => {
        this.closed = reason
      },
    }
    this.#link = link
    this.agent?.session.opened(link, { welcome: () => {}, bye: () => {} })
    const hello = this.sent.find(frame => frame.type === 'hello')
    this.#epoch++
    await this.say({ type: 'welcome', protocol, incarnation: 'x', epoch: this.#epoch, hosts: [], beatMs: 10_000 })
    if (tell && hello?.type === 'hello' && hello.hosts[0]?.desired !== this.#wanted.digest) await this.#tellAll()
    await quiet()
  }
  async disconnect(): Promise<void> {
    this.#link = null
    this.agent?.session.closed()
    await quiet()
  }
  get epoch(): number {
    return this.#epoch
  }
  async say(frame: FromControl): Promise<void> {
    if (this.#link) await Promise.race([this.agent?.session.received(this.#link, JSON.stringify(frame)), quiet().then(quiet)])
  }
  async #tellAll(): Promise<void> {
    const { base, digest, changed } = { base: null, digest: this.#wanted.digest, changed: this.#wanted.values() }
    await this.say({ type: 'desired', host: 'hst_1', revision: this.#revision, base, digest, changed, gone: [] })
  }

  /** Wants these too, or anew; told at once where a link is up. */
  async want(...objects: Wanted[]): Promise<void> {
    const before = ObjectSet.of(this.#wanted.values())
    for (const object of objects) {
      this.#wanted.put(object)
      // A machine comes with the volume that it boots from, and that goes when the machine has gone.
      if (object.kind === 'machine' && !this.#wanted.get('volume', rootOf(object.id).id)) this.#wanted.put(rootOf(object.id))
    }
    await this.#tellSince(before)
  }
  async drop(kind: Wanted['kind'], id: string): Promise<void> {
    const before = ObjectSet.of(this.#wanted.values())
    this.#wanted.drop({ kind, id } as Wanted)
    await this.#tellSince(before)
  }
  async #tellSince(before: ObjectSet<Wanted>): Promise<void> {
    const delta = this.#wanted.since(before)
    this.#revision++
    if (!delta) return
    const { base, digest } = delta
    await this.say({
      type: 'desired',
      host: 'hst_1',
      revision: this.#revision,
      base,
      digest,
      changed: [...delta.changed],
      gone: [...delta.gone],
    })
  }

  #hear(frame: FromAgent): void {
    this.sent.push(frame)
    if (frame.type === 'resync') void this.#tellAll()
    if (frame.type === 'observed') {
      this.seen = (this.seen ?? new ObjectSet<Seen>()).apply(frame)
      if (!this.seen) throw new Error('the agent sent a delta on top of something else')
    }
  }
  seenMachine(id: string): SeenMachine | undefined {
    const object = this.seen?.get('machine', id)
    return object?.kind === 'machine' ? object : undefined
  }
  seenVolume(id: string): SeenVolume | undefined {
    const object = this.seen?.get('volume', id)
    return object?.kind === 'volume' ? object : undefined
  }
  seenObject(kind: Seen['kind'], id: string): Seen | undefined {
    return this.seen?.get(kind, id)
  }
  power(id: string): string {
    return this.host.machine('one', id)?.power ?? 'absent'
  }
  starts(id: string): number {
    return this.host.machine('one', id)?.starts ?? 0
  }
  /** Is anything of this machine on the host? Its volume is its own. */
  remains(id: string): boolean {
    const { homes, networks } = this.host.store('one')
    const port = Object.values(networks).some(n => n.ports.includes(`prt_${id}`))
    return this.power(id) !== 'absent' || homes.includes(id) || port
  }
  pass(ms: number): Promise<void> {
    return this.time.pass(ms)
  }
}
