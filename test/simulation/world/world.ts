import { createHash } from 'node:crypto'
import { SimulatedSite } from '@sirocco/agent/drivers/simulated/underlay.ts'
import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import { allowEnrolment, registerImage, setUp } from '@sirocco/control/adapters/store/set-up.ts'
import { workflows } from '@sirocco/control/operations/index.ts'
import type { Secrets } from '@sirocco/control/ports/secrets.ts'
import { enrol } from '@sirocco/control/services/agents/enrol.ts'
import { sha256 } from '@sirocco/control/services/sha256.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { minute, second } from '@sirocco/shared/kit/clock.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { ids as idsOf } from '@sirocco/shared/kit/id.ts'
import { below, chance, pick, type Random, seeded } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { migratedDatabase } from '../../support/migrated.ts'
import { audit } from './audit.ts'
import { Checks, Violation } from './checks.ts'
import { type ControlMutations, ControlPlane } from './control.ts'
import { FaultCount } from './faults.ts'
import { HostMachine, type HostMutations, instance } from './host.ts'
import { type Losses, type Network, noLosses } from './lossy.ts'
import { seal } from './sealed.ts'
import { quiet, SimulatedTime } from './time.ts'
import { Trace } from './trace.ts'
import { UsageCheck } from './usage.ts'
import { User } from './user.ts'

export interface WorldOptions {
  readonly seed: number
  readonly hosts: number
  /** Things the user does. */
  readonly steps: number
  /** Of database calls, in place of the usual. */
  readonly losses?: Losses
  /** No faults at all: a world in which everything must simply work. */
  readonly calm?: boolean
  readonly mutations?: { readonly control?: ControlMutations; readonly host?: HostMutations }
  /** Only this one crash point kills, at its n-th passing; all other faults stay away. */
  readonly crashAt?: { readonly point: string; readonly n: number }
  readonly show?: (line: string) => void
}

export interface Outcome {
  readonly seed: number
  /** What was broken; null: nothing. */
  readonly violation: string | null
  readonly last: readonly string[]
  readonly digest: string
  readonly faults: Readonly<Record<string, number>>
  readonly ran: number
  readonly machines: number
  readonly requests: Readonly<Record<string, number>>
  /** Simulated, from the last fault to convergence. */
  readonly convergedAfterMs: number | null
  readonly points: readonly string[]
  readonly crashed: boolean
  readonly events: number
  /** Units of usage that hosts reported. */
  readonly usage: number
}

/** Sealed values in the clear: nothing here is secret, and nothing waits for a cipher. */
const clearSecrets: Secrets = {
  seal: async (secret, place) => `${place}=${secret.reveal()}`,
  open: async (sealed, place) =>
    sealed.startsWith(`${place}=`) ? ok(new Secret(sealed.slice(place.length + 1))) : refuse('internal', 'sealed elsewhere'),
}

const epoch = Date.UTC(2026, 10, 22)
/** Of every database call, while faults last. */
const losses: Losses = { late: 0.02, answer: 0.012, request: 0.012, lands: 0.012, throttled: 0.006 }
/** Once faults have stopped, everything is as wanted within this time: a launch's limit, a clock that was ten minutes ahead, slack. */
const convergence = 30 * minute
const hostSize = { cpus: 4, memoryMiB: 4 * 1024, diskMiB: 80 * 1024 }

/** One world from one seed: built, shaken, left alone, and looked at all the while. */
export class World {
  readonly options: WorldOptions
  readonly time = new SimulatedTime(epoch)
  readonly trace: Trace
  readonly faults = new FaultCount()
  readonly database = migratedDatabase()
  readonly network: Network = { losses: noLosses, away: false }
  readonly hosts: HostMachine[] = []
  readonly #random: Random
  #violation: string | null = null
  #hostsChanged = false
  readonly #usage = new UsageCheck()

  private constructor(options: WorldOptions) {
    this.options = options
    this.#random = seeded(options.seed)
    this.trace = new Trace(() => this.time.now() - epoch, options.show ? { show: options.show } : {})
  }

  static async run(options: WorldOptions): Promise<Outcome> {
    const world = new World(options)
    try {
      return await world.#run()
    } finally {
      world.database.close()
    }
  }

  /** A stream of chance of its own for each part, so that one more draw in one does not shift all others. */
  #stream(): Random {
    return seeded(below(this.#random, 2 ** 32))
  }

  async #run(): Promise<Outcome> {
    const { time, trace, options } = this
    const bytes = new Uint8Array(3_000).fill(7)
    const image = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes }
    const setUpParts = {
      client: this.database,
      secrets: clearSecrets,
      clock: time,
      random: this.#stream(),
      ids: idsOf(time, this.#stream()),
    }
    await migrate(this.database)
    const rows = await setUp(setUpParts, {
      region: 'sim-1',
      pool: '10.64.0.0/16',
      project: 'demo',
      admin: { email: 'admin@example.org', passwordHash: 'scrypt$' },
      accessKey: { accessKeyId: 'AKIAEXAMPLE', secret: new Secret('secret') },
    })
    const imageId = await registerImage(setUpParts, {
      name: 'tiny',
      description: '',
      architecture: 'x86_64',
      minDiskMiB: 512,
      files: [{ role: 'disk', format: 'qcow2', sha256: image.sha256, bytes: bytes.byteLength }],
      cmdline: null,
    })
    const agentOf = new Map<string, string>()
    const control = new ControlPlane({
      time,
      random: this.#stream(),
      trace,
      faults: this.faults,
      database: this.database,
      network: this.network,
      secrets: clearSecrets,
      workflows,
      agentOfHost: host => agentOf.get(host) ?? '',
      mutations: options.mutations?.control ?? {},
    })
    control.start()

    const site = new SimulatedSite()
    for (let i = 1; i <= options.hosts; i++) {
      const name = `h${i}`
      await allowEnrolment(setUpParts, rows.zone, await sha256(`enrol ${i}`))
      let enrolled: Awaited<ReturnType<typeof enrol>> | null = null
      void control
        .request(ports =>
          enrol(ports, {
            token: `enrol ${i}`,
            publicKey: `${'A'.repeat(43)}=`,
            fingerprint: name,
            hosts: [{ name }],
            agentVersion: '0.1.0',
          }),
        )
        .then(result => {
          enrolled = result
        })
      await time.run(time.now() + second)
      const answer = enrolled as Awaited<ReturnType<typeof enrol>> | null
      assert(answer?.ok, 'agents enrol in peace')
      const [host] = answer.value.hosts
      assert(host, 'one host was enrolled')
      agentOf.set(host.id, answer.value.agent)
      this.hosts.push(
        new HostMachine(
          {
            time,
            random: this.#stream(),
            trace,
            faults: this.faults,
            door: control,
            id: host.id,
            name,
            agent: answer.value.agent,
            image,
            mutations: options.mutations?.host ?? {},
            site,
            lostWords: () => this.lostWords,
            changed: () => {
              this.#hostsChanged = true
            },
            usage: this.#usage,
            violation: what => this.#broken(what),
          },
          hostSize,
        ),
      )
    }
    const checks = new Checks(this.database, this.hosts, trace)
    const user = new User({
      time,
      random: this.#stream(),
      trace,
      control,
      image: imageId,
      violation: what => this.#broken(what),
      principal: {
        user: rows.user,
        email: 'admin@example.org',
        project: rows.project,
        projectName: 'demo',
        account: '000000000000',
        role: 'owner',
        via: { kind: 'key', accessKeyId: 'AKIAEXAMPLE' },
      },
    })
    this.database.onWrite = () => this.#guarded(() => checks.rows())
    const look = () => {
      if (this.#hostsChanged) {
        this.#hostsChanged = false
        this.#guarded(() => checks.hosts())
      }
      return this.#violation === null
    }
    const run = (ms: number) => time.run(time.now() + ms, look)

    for (const host of this.hosts) host.start()
    await run(10 * second)

    const { crashAt } = options
    const kill = crashAt && [...this.hosts.slice(0, 1), control]
    for (const one of kill ?? []) {
      one.crashAt = crashAt ?? null
      one.passed.clear()
    }
    const shaken = !(options.calm || crashAt)
    if (shaken) this.#shake(control)
    for (let step = 0; step < options.steps && this.#violation === null; step++) {
      user.act()
      await run(200 + below(this.#random, 3_000))
      if (shaken) this.#strike(control)
      this.#undoubled()
    }
    const passed = [control, ...this.hosts].flatMap(one => [...one.passed.keys()])

    this.#calm(control)
    trace.add('world', 'faults stop')
    const calmAt = time.now()
    let left: string[] = ['nothing was looked at']
    for (let asked = false; this.#violation === null && time.now() - calmAt < convergence; ) {
      await run(5 * second)
      this.#undoubled()
      if (!user.idle) continue
      if (!asked) user.settle()
      asked = true
      left = user.idle ? [...audit(this.database, this.hosts), ...this.#usage.left(this.database)] : left
      if (left.length === 0) break
    }
    const convergedAfterMs = left.length === 0 ? time.now() - calmAt : null
    if (left.length > 0)
      this.#broken(`not converged ${convergence / minute} minutes after the last fault: ${left.slice(0, 5).join('; ')}`)
    this.#guarded(() => {
      user.check([...checks.ever.values()])
      const unreset = checks.unresetDone()
      if (unreset.length > 0) throw new Violation(unreset.join('; '))
    })
    this.database.onWrite = null
    for (const host of this.hosts) host.sim.close()
    return {
      seed: options.seed,
      violation: this.#violation,
      last: trace.last(),
      digest: trace.digest(),
      faults: this.faults.all(),
      ran: checks.ran.size,
      machines: user.requests.reduce((sum, r) => sum + (r.answer && 'machines' in r.answer ? r.answer.machines.length : 0), 0),
      requests: Object.fromEntries(user.ended),
      convergedAfterMs,
      points: [...new Set(passed)].sort(),
      crashed: this.faults.of('crash point') > 0,
      events: time.fired,
      usage: this.#usage.total,
    }
  }

  #undoubled(): void {
    const [first] = this.#usage.doubled(this.database)
    if (first !== undefined) this.#broken(first)
  }
  #broken(what: string): void {
    if (this.#violation !== null) return
    this.#violation = what
    this.trace.add('VIOLATION', what)
  }
  #guarded(look: () => void): void {
    if (this.#violation !== null) return
    try {
      look()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.#broken(error.message)
    }
  }

  /** What goes wrong all the time, a little. */
  #shake(control: ControlPlane): void {
    this.network.losses = this.options.losses ?? losses
    control.crashes = 0.002
    control.lostPokes = 0.1
    this.lostWords = 0.05
    control.lateAlarms = 0.05
    for (const host of this.hosts) {
      host.crashes = 0.004
      host.refusals = 0.01
    }
  }

  /** What goes wrong at once, now and then. */
  #strike(control: ControlPlane): void {
    const random = this.#random
    const host = pick(random, this.hosts)
    const strikes: readonly (readonly [weight: number, () => void])[] = [
      [10, () => {}],
      [2, () => this.#count('agent killed', host.name, () => host.kill())],
      [1, () => this.#count('control plane killed', 'control', () => control.kill())],
      [1, () => this.#count('host rebooted', host.name, () => host.reboot())],
      [2, () => host.link && this.#count('link cut', host.name, () => host.link?.cut())],
      [
        1,
        () => host.link && this.#count('link half open', host.name, () => host.link?.cutHalf(pick(random, ['agent', 'control']))),
      ],
      [1, () => this.#jump(random, host, control)],
      [
        1,
        () =>
          this.#window(
            'hypervisor away',
            host.name,
            () => host.sim.hypervisorDies(),
            () => host.sim.hypervisorReturns(),
          ),
      ],
      [
        1,
        () =>
          this.#window(
            'disk full',
            host.name,
            () => this.#pool(host, true),
            () => this.#pool(host, false),
          ),
      ],
      [
        1,
        () =>
          this.#window(
            'database away',
            'database',
            () => this.#away(true),
            () => this.#away(false),
          ),
      ],
      [2, () => this.#guest(random, host, 'guest shut down')],
      [2, () => this.#guest(random, host, 'guest crashed')],
    ]
    let at = below(
      random,
      strikes.reduce((sum, [weight]) => sum + weight, 0),
    )
    for (const [weight, strike] of strikes) {
      at -= weight
      if (at >= 0) continue
      strike()
      return
    }
  }

  #count(kind: Parameters<FaultCount['add']>[0], who: string, run: () => void): void {
    this.faults.add(kind)
    this.trace.add(who, kind)
    run()
  }
  /** Chance that a word between two hosts is lost. */
  lostWords = 0
  readonly #windows = new Set<() => void>()
  #window(kind: Parameters<FaultCount['add']>[0], who: string, begin: () => void, end: () => void): void {
    this.#count(kind, who, begin)
    const over = () => {
      if (!this.#windows.delete(over)) return
      this.trace.add(who, `${kind}: over`)
      end()
    }
    this.#windows.add(over)
    this.time.after(1_000 + below(this.#random, 20_000), over)
  }
  #pool(host: HostMachine, full: boolean): void {
    host.poolFull = full
  }
  #away(away: boolean): void {
    this.network.away = away
  }
  #jump(random: Random, host: HostMachine, control: ControlPlane): void {
    const clock = chance(random, 0.5) ? control.clock : host.clock
    const to = clock.skew !== 0 && chance(random, 0.5) ? 0 : below(random, 20 * minute) - 10 * minute
    this.#count('clock jumped', clock === control.clock ? 'control' : host.name, () => {
      clock.skew = to
    })
  }
  #guest(random: Random, host: HostMachine, kind: 'guest shut down' | 'guest crashed'): void {
    const running = host.sim.machines(instance).filter(m => m.power === 'running')
    if (running.length === 0) return
    const { id } = pick(random, running)
    this.#count(kind, `${host.name}/${id}`, () =>
      kind === 'guest crashed' ? host.sim.guestCrashes(instance, id) : host.sim.guestShutsDown(instance, id),
    )
  }

  #calm(control: ControlPlane): void {
    this.network.losses = noLosses
    this.lostWords = 0
    for (const over of [...this.#windows]) over()
    Object.assign(control, { crashes: 0, lostPokes: 0, lateAlarms: 0, crashAt: null })
    control.clock.skew = 0
    for (const host of this.hosts) {
      Object.assign(host, { crashes: 0, refusals: 0, poolFull: false, crashAt: null })
      host.clock.skew = 0
    }
  }
}

/** A world run to its end and nothing of it left pending. */
export async function runWorld(options: WorldOptions): Promise<Outcome> {
  const open = seal()
  try {
    return await World.run(options)
  } finally {
    await quiet()
    open()
  }
}
