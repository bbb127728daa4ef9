import type { WantedMove } from '@sirocco/shared/wire/objects.ts'
import { afterAll, describe, expect, test } from 'vitest'
import { AgentWorld, machine, network, rootOf, VirtualTime } from '../../test/support/agent-world.ts'
import { SimulatedSite } from '../drivers/simulated/underlay.ts'
import { points } from './points.ts'

const secret = Buffer.alloc(32, 1).toString('base64')

/** Two hosts, and the control plane's part in one move played by the rule that only the target's word counts. */
class Pair {
  readonly time = new VirtualTime()
  readonly site = new SimulatedSite()
  readonly source = new AgentWorld({}, this)
  readonly target = new AgentWorld({}, this)
  readonly offline: boolean
  #off = false
  #endpoint: WantedMove['endpoint'] = null
  #told = ''
  /** Where the machine is, once the move is over. */
  home: AgentWorld | null = null

  constructor(offline = false) {
    this.offline = offline
  }
  /** It moves while it runs, or while it is off. */
  #machine(more: Parameters<typeof machine>[1] = {}): ReturnType<typeof machine> {
    return machine('vm_a', this.offline ? { generation: 2, power: 'cut', ...more } : more)
  }
  /** When what it boots from was made, which moves with the bytes. */
  stamp(world: AgentWorld): number | undefined {
    return world.host.store('one').volumes.vol_a?.made
  }
  made: number | undefined

  async start(): Promise<void> {
    for (const world of [this.source, this.target]) {
      await world.start()
      await world.connect()
      await world.want(network())
    }
    await this.source.want(machine('vm_a'))
    await this.time.pass(5_000)
    if (this.offline) await this.source.want(this.#machine())
    await this.time.pass(5_000)
    this.made = this.stamp(this.source)
  }

  /** Whoever died comes back, and all that is wanted now is told; true while the move is not over. */
  async step(callOff = false): Promise<boolean> {
    for (const world of [this.source, this.target])
      if (!world.agent) {
        await world.start()
        await world.connect()
      }
    this.#off ||= callOff
    const [from, to] = [this.source.seenMachine('vm_a')?.move, this.target.seenMachine('vm_a')?.move]
    if (to?.phase === 'arrived') return this.#end(this.target, this.source)
    if (to?.phase === 'nothing' && this.#off) return this.#end(this.source, this.target)
    if (to?.phase === 'nothing' || from?.phase === 'stayed' || from?.phase === 'unknown') this.#off = true
    if (to?.phase === 'ready' && !this.#off) this.#endpoint = to.endpoint ?? this.#endpoint
    const move = { id: 'mig_1', secret, off: this.#off, ...(this.offline ? { offline: true as const } : {}) }
    const state = JSON.stringify([this.#off, this.#endpoint])
    if (state !== this.#told) {
      this.#told = state
      await this.source.want(this.#machine({ move: { ...move, role: 'from', endpoint: this.#off ? null : this.#endpoint } }))
      await this.target.want(this.#machine({ move: { ...move, role: 'to', endpoint: null } }))
    }
    await this.time.pass(500)
    return true
  }

  async #end(home: AgentWorld, other: AgentWorld): Promise<boolean> {
    this.home = home
    await home.want(this.#machine())
    await other.want(machine('vm_a', { generation: 3, power: 'gone' }))
    await other.want(rootOf('vm_a', { generation: 3, gone: true }))
    await this.time.pass(20_000)
    for (const world of [home, other])
      if (!world.agent) {
        await world.start()
        await world.connect()
      }
    await this.time.pass(20_000)
    return false
  }

  /** At the n-th passing of `point` this life of that host's agent ends. */
  async doom(world: AgentWorld, point: string, n: number): Promise<void> {
    let left = n
    world.kill()
    await world.start(async passed => {
      if (passed !== point || --left !== 0) return
      reached.add(point)
      world.kill()
    })
    await world.connect()
  }

  async run(callOffAt = Number.POSITIVE_INFINITY): Promise<void> {
    for (let turn = 0; await this.step(turn >= callOffAt); turn++) {
      const running = [this.source, this.target].filter(world => world.power('vm_a') === 'running')
      expect(running.length, 'it runs on two hosts').toBeLessThan(2)
      expect(turn, 'the move does not end').toBeLessThan(400)
    }
  }

  check(): void {
    const { home } = this
    expect(home?.power('vm_a')).toBe(this.offline ? 'stopped' : 'running')
    if (home && this.offline) expect(this.stamp(home)).toBe(this.made)
    const other = home === this.source ? this.target : this.source
    expect(other.remains('vm_a')).toBe(false)
    for (const world of [this.source, this.target]) expect(world.log.filter(line => line.level === 'error')).toEqual([])
  }
}

const reached = new Set<string>()

test('a machine moves, and is what it was', async () => {
  const pair = new Pair()
  await pair.start()
  const before = pair.source.starts('vm_a')
  await pair.run()
  pair.check()
  expect(pair.home).toBe(pair.target)
  expect(pair.target.starts('vm_a')).toBe(before)
  expect(pair.target.seenMachine('vm_a')?.move).toBeUndefined()
})

test('a machine that is off moves with what its disks hold, and starts there', async () => {
  const pair = new Pair(true)
  await pair.start()
  await pair.run()
  pair.check()
  expect(pair.home).toBe(pair.target)
  await pair.target.want(machine('vm_a', { generation: 3 }))
  await pair.time.pass(20_000)
  expect(pair.target.power('vm_a')).toBe('running')
  expect(pair.stamp(pair.target)).toBe(pair.made)
})

test('called off before it goes, it stays', async () => {
  const pair = new Pair()
  await pair.start()
  await pair.run(1)
  pair.check()
  expect(pair.home).toBe(pair.source)
})

test('a target without memory says so, and it stays', async () => {
  const pair = new Pair()
  Object.assign(pair.target.host, { memoryMiB: 64 })
  await pair.start()
  await pair.run()
  pair.check()
  expect(pair.home).toBe(pair.source)
})

test('a host that is rebooted in the middle starts nothing by itself', async () => {
  for (const which of ['source', 'target'] as const)
    for (let turns = 1; turns < 6; turns++) {
      const pair = new Pair()
      await pair.start()
      for (let turn = 0; turn < turns && (await pair.step()); turn++);
      if (pair.home) continue
      pair[which].kill()
      pair[which].host.restart(`boot-${turns + 1}`)
      await pair.run()
      pair.check()
    }
})

const ports = points.filter(point => /^(port|journal)\./.test(point) && !/reboot|askToStop|replace/.test(point))

describe.each([
  ['source', false],
  ['target', false],
  ['source', true],
  ['target', true],
] as const)('killed on the %s (off: %s)', (which, offline) => {
  test.each(ports.flatMap(point => [1, 2].map(n => [point, n] as const)))(
    'at %s, passing %i: it is on one host, and nothing is left on the other',
    async (point, n) => {
      for (const callOffAt of [Number.POSITIVE_INFINITY, 2, 0]) {
        const pair = new Pair(offline)
        await pair.start()
        await pair.doom(pair[which], point, n)
        await pair.run(callOffAt)
        pair.check()
      }
    },
  )
})

afterAll(() => {
  const ofMoves = points.filter(point => /^port\.(compute\.(leave|arrive|adopt|abandon|stay)|volumes\.(send|take))\./.test(point))
  expect(ofMoves.filter(point => !reached.has(point))).toEqual([])
})
