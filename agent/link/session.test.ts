import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { ObjectSet } from '@sirocco/shared/wire/delta.ts'
import { type Command, FromAgent, type FromControl, type Outcome } from '@sirocco/shared/wire/frames.ts'
import type { Seen, SeenMachine, Wanted } from '@sirocco/shared/wire/objects.ts'
import type { Sample, Window } from '@sirocco/shared/wire/samples.ts'
import { protocol } from '@sirocco/shared/wire/version.ts'
import { expect, test } from 'vitest'
import { machine, quiet, VirtualTime } from '../../test/support/agent-world.ts'
import { MemoryDisk } from '../disk/memory.ts'
import { Outbox } from './outbox.ts'
import { type HostEnd, Session, type TelemetryEnd } from './session.ts'

const seenMachine = (id: string, applied = 1): SeenMachine => ({ kind: 'machine', id, applied, power: 'running', addresses: [] })

class FakeHost implements HostEnd {
  readonly id = 'hst_1'
  readonly name = 'one'
  held = new ObjectSet<Wanted>()
  set: ObjectSet<Seen> | null = new ObjectSet<Seen>()
  abandoned = 0
  told: () => void = () => {}
  stale: () => void = () => {}
  desiredDigest() {
    return this.held.digest
  }
  async desire(delta: Parameters<HostEnd['desire']>[0]) {
    const next = this.held.apply(delta)
    if (next) this.held = next
    return next !== null
  }
  abandon() {
    this.abandoned++
  }
  seen() {
    return this.set
  }
  onSeen(told: () => void) {
    this.told = told
  }
  onStale(stale: () => void) {
    this.stale = stale
  }
}

class FakeTelemetry implements TelemetryEnd {
  readonly host = 'hst_1'
  waiting: Window[] = []
  ended: () => void = () => {}
  recent(machine: string | null, after: number): readonly Sample[] {
    return machine === 'vm_a' ? [{ at: after + 1, reading: [1, 2, 3, 4, 5, 6] }] : []
  }
  windows() {
    return this.waiting
  }
  kept(at: number) {
    this.waiting = this.waiting.filter(window => window.at !== at)
  }
  onWindow(ended: () => void) {
    this.ended = ended
  }
}

/** A session with a link whose other end the test is. */
async function linked(disk = new MemoryDisk(), execute?: (command: Command) => Promise<Outcome>) {
  const time = new VirtualTime()
  const host = new FakeHost()
  const telemetry = new FakeTelemetry()
  const done: string[] = []
  const session = new Session({
    hosts: [host],
    telemetry: [telemetry],
    meters: [],
    outbox: await Outbox.open(disk),
    timers: time,
    log: () => {},
    execute:
      execute ??
      (async ({ id }) => {
        done.push(id)
        return ok('fine')
      }),
    identity: { agentVersion: '0', bootId: 'b', runId: 'r' },
  })
  const world = {
    time,
    host,
    telemetry,
    session,
    done,
    sent: [] as FromAgent[],
    closed: [] as string[],
    byes: [] as number[],
    link: newLink(),
  }
  function newLink() {
    return {
      send: (text: string) => void world.sent.push(FromAgent.parse(JSON.parse(text))),
      close: (reason: string) => void world.closed.push(reason),
    }
  }
  const open = () => {
    world.link = newLink()
    world.sent = []
    session.opened(world.link, { welcome: () => {}, bye: retryMs => world.byes.push(retryMs) })
  }
  const say = (frame: FromControl | string) =>
    session.received(world.link, typeof frame === 'string' ? frame : JSON.stringify(frame))
  const welcome = (epoch: number) => say({ type: 'welcome', protocol, incarnation: 'x', epoch, hosts: [], beatMs: 10_000 })
  open()
  return Object.assign(world, { open, say, welcome })
}

const command = (id: string, more: Partial<Command> = {}): Command => ({
  type: 'command',
  id,
  epoch: 1,
  host: 'hst_1',
  deadline: 1_900_000_000_000,
  command: { do: 'reboot', machine: 'vm_a' },
  ...more,
})

test('introduces itself with what it holds, and says nothing more before the welcome', async () => {
  const world = await linked()
  world.host.set?.put(seenMachine('vm_a'))
  world.host.told()
  await world.time.pass(1_000)
  expect(world.sent).toMatchObject([{ type: 'hello', protocol, hosts: [{ id: 'hst_1', desired: world.host.held.digest }] }])
})

test('after the welcome: everything once, then changes on top, numbered', async () => {
  const world = await linked()
  world.host.set?.put(seenMachine('vm_a'))
  await world.welcome(7)
  for (const applied of [2, 3]) world.host.set?.put(seenMachine('vm_b', applied))
  world.host.told()
  await world.time.pass(100)
  world.host.set?.drop(seenMachine('vm_a'))
  world.host.told()
  world.host.told()
  await world.time.pass(100)
  const observed = world.sent.filter(frame => frame.type === 'observed')
  expect(observed).toMatchObject([
    { epoch: 7, seq: 1, base: null, changed: [{ id: 'vm_a' }] },
    { epoch: 7, seq: 2, base: observed[0]?.digest, changed: [{ id: 'vm_b', applied: 3 }] },
    { epoch: 7, seq: 3, base: observed[1]?.digest, changed: [], gone: [{ kind: 'machine', id: 'vm_a' }] },
  ])
})

test('says nothing of a host whose state is not known yet', async () => {
  const world = await linked()
  const set = world.host.set
  world.host.set = null
  await world.welcome(1)
  expect(world.sent.filter(frame => frame.type === 'observed')).toEqual([])
  world.host.set = set
  world.host.told()
  await world.time.pass(100)
  expect(world.sent.filter(frame => frame.type === 'observed')).toMatchObject([{ base: null }])
})

test('a large host goes in several frames that add up', async () => {
  const world = await linked()
  for (let i = 0; i < 2.5 * limits.frameObjects; i++) world.host.set?.put(seenMachine(`vm_${i}`))
  await world.welcome(1)
  let held = new ObjectSet<Seen>()
  const observed = world.sent.filter(frame => frame.type === 'observed')
  expect(observed).toHaveLength(3)
  for (const frame of observed) held = held.apply(frame) ?? new ObjectSet<Seen>()
  expect(held.digest).toBe(world.host.set?.digest)
})

test('asked to say everything again, it does', async () => {
  const world = await linked()
  world.host.set?.put(seenMachine('vm_a'))
  await world.welcome(1)
  await world.say({ type: 'resync', host: 'hst_1' })
  expect(world.sent.filter(frame => frame.type === 'observed')).toMatchObject([
    { seq: 1, base: null },
    { seq: 2, base: null, changed: [{ id: 'vm_a' }] },
  ])
})

test('a change on top of something else is answered by one request for everything; more such are passed over', async () => {
  const world = await linked()
  await world.welcome(1)
  const odd: FromControl = { type: 'desired', host: 'hst_1', revision: 1, base: 'else', digest: 'x', changed: [], gone: [] }
  await world.say(odd)
  await world.say(odd)
  expect(world.sent.filter(frame => frame.type === 'resync')).toHaveLength(1)
  const whole = ObjectSet.of<Wanted>([machine('vm_a')])
  const { digest } = whole
  await world.say({ type: 'desired', host: 'hst_1', revision: 2, base: null, digest, changed: whole.values(), gone: [] })
  expect(world.host.held.digest).toBe(digest)
  await world.say(odd)
  expect(world.sent.filter(frame => frame.type === 'resync')).toHaveLength(2)
})

test('a command is done once however often it comes, also in the next life', async () => {
  const disk = new MemoryDisk()
  const world = await linked(disk)
  await world.welcome(1)
  for (let i = 0; i < 3; i++) await world.say(command('cmd_1'))
  await quiet()
  expect(world.done).toEqual(['cmd_1'])
  const next = await linked(disk)
  await next.welcome(1)
  await next.say({ type: 'ack', n: 1 })
  await next.say(command('cmd_1'))
  await quiet()
  expect(next.done).toEqual([])
})

test('results are numbered, told again on every link until acknowledged, and never after', async () => {
  const disk = new MemoryDisk()
  const world = await linked(disk)
  await world.welcome(1)
  for (const id of ['cmd_1', 'cmd_2']) await world.say(command(id))
  await quiet()
  const next = await linked(disk)
  await next.welcome(2)
  const results = () => next.sent.filter(frame => frame.type === 'result')
  expect(results()).toMatchObject([
    { n: 1, command: 'cmd_1', outcome: { ok: true, value: 'fine' } },
    { n: 2, command: 'cmd_2' },
  ])
  await next.say({ type: 'ack', n: 1 })
  next.open()
  await next.welcome(3)
  expect(results().map(result => result.n)).toEqual([2])
  await next.say({ type: 'ack', n: 2 })
  const last = await linked(disk)
  await last.welcome(4)
  await last.say(command('cmd_3', { epoch: 4 }))
  await quiet()
  expect(last.sent.filter(frame => frame.type === 'result').map(result => result.n)).toEqual([3])
})

test('a command that a dead life had begun ends as not known, and is not done again', async () => {
  const disk = new MemoryDisk()
  const world = await linked(disk, () => new Promise(() => {}))
  await world.welcome(1)
  await world.say(command('cmd_1'))
  const next = await linked(disk)
  await next.welcome(1)
  await next.say(command('cmd_1'))
  await quiet()
  expect(next.done).toEqual([])
  expect(next.sent.filter(frame => frame.type === 'result')).toMatchObject([
    { command: 'cmd_1', outcome: { ok: false, fault: { code: 'unavailable' } } },
    { command: 'cmd_1' },
  ])
})

test('a command past its deadline, for another epoch, or for no host of ours is not done', async () => {
  const world = await linked()
  await world.welcome(1)
  await world.say(command('cmd_1', { deadline: world.time.now() - 1 }))
  await world.say(command('cmd_2', { epoch: 9 }))
  await world.say(command('cmd_3', { host: 'hst_9' }))
  await quiet()
  expect(world.done).toEqual([])
  expect(world.sent.filter(frame => frame.type === 'result')).toMatchObject([
    { command: 'cmd_1', outcome: { fault: { code: 'unavailable' } } },
    { command: 'cmd_3', outcome: { fault: { code: 'not_found' } } },
  ])
})

test('a slow command does not keep later frames waiting', async () => {
  const world = await linked(new MemoryDisk(), () => new Promise(() => {}))
  await world.welcome(1)
  await world.say(command('cmd_1'))
  const whole = ObjectSet.of<Wanted>([machine('vm_a')])
  const { digest } = whole
  await world.say({ type: 'desired', host: 'hst_1', revision: 2, base: null, digest, changed: whole.values(), gone: [] })
  expect(world.host.held.digest).toBe(digest)
})

test.each([['no json'], ['{"type":"welcome"}'], ['{"type":"ack","n":1}'], [' '.repeat(limits.frameBytes + 1)]])(
  'ends the link on what is no frame, or comes before its time: %s',
  async text => {
    const world = await linked()
    await world.say(text)
    expect(world.closed).toHaveLength(1)
  },
)

test('a refusal of the control plane says when to come back', async () => {
  const world = await linked()
  await world.say({ type: 'bye', fault: { code: 'forbidden', message: 'a clone' }, retryMs: 5_000 })
  expect([world.byes, world.closed]).toEqual([[5_000], ['bye']])
})

test('what still arrives from an older link is passed over', async () => {
  const world = await linked()
  const older = world.link
  await world.welcome(1)
  world.open()
  await world.session.received(older, JSON.stringify({ type: 'resync', host: 'hst_1' }))
  expect(world.sent.map(frame => frame.type)).toEqual(['hello'])
  expect(world.closed).toEqual([])
})

test('a question is answered from memory, once a link, and nothing is journalled', async () => {
  const disk = new MemoryDisk()
  const world = await linked(disk)
  await world.welcome(1)
  const ask = (epoch: number) =>
    world.say({ type: 'ask', id: 'q', epoch, host: 'hst_1', question: { do: 'samples', machine: 'vm_a', after: 7 } })
  await ask(1)
  await ask(2)
  const answers = world.sent.filter(frame => frame.type === 'answer')
  expect(answers).toEqual([
    { type: 'answer', id: 'q', outcome: { ok: true, value: JSON.stringify([{ at: 8, reading: [1, 2, 3, 4, 5, 6] }]) } },
  ])
  expect(await disk.read('outbox')).toBeNull()
})

test('a window is told on every link until it is kept', async () => {
  const world = await linked()
  await world.welcome(1)
  world.telemetry.waiting = [{ at: 300_000, reading: [1, 2, 3, 4, 5, 6], machines: {} }]
  world.telemetry.ended()
  const told = () => world.sent.filter(frame => frame.type === 'history').length
  expect(told()).toBe(1)
  world.open()
  await world.welcome(2)
  expect(told()).toBe(1)
  await world.say({ type: 'kept', host: 'hst_1', at: 300_000 })
  world.open()
  await world.welcome(3)
  expect(told()).toBe(0)
})
