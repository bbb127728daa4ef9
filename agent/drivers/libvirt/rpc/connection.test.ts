import type { Socket } from 'node:net'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { type Connection, openConnection } from './connection.ts'
import { type Answering, errorPayload, FakeLibvirtd, lifecyclePacket, nothing, polite, replyTo } from './fake-libvirtd.ts'
import { encodePacket, type Packet, programs, statuses, types } from './packet.ts'
import { procedures, writeDomain } from './procedures.ts'
import { XdrWriter } from './xdr.ts'

/** Time that only the test moves. */
function handClock() {
  let now = 0
  const timers = new Set<{ at: number; run: () => void }>()
  const clock: Timers = {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return { cancel: () => timers.delete(timer) }
    },
  }
  const pass = (ms: number) => {
    now += ms
    for (const timer of [...timers].filter(({ at }) => at <= now)) if (timers.delete(timer)) timer.run()
  }
  return { clock, pass, pending: () => timers.size }
}

const uuid = Buffer.alloc(16, 7)
const domain = { name: 'one', uuid, id: 1 }
let fakes: FakeLibvirtd[] = []
afterEach(async () => {
  await Promise.all(fakes.map(fake => fake.close()))
  fakes = []
})

async function joined(answer: Answering) {
  const fake = await FakeLibvirtd.start(answer)
  fakes.push(fake)
  const time = handClock()
  const lost: string[] = []
  const lifecycle: string[] = []
  const opened = await openConnection({
    socket: fake.socket,
    uri: 'qemu:///system',
    timers: time.clock,
    lifecycle: event => lifecycle.push(event.domain.name),
    rebooted: () => undefined,
    lost: why => lost.push(why),
  })
  return { fake, time, lost, lifecycle, opened }
}

async function connected(more?: Answering) {
  const all = await joined(polite(more))
  if (!all.opened.ok) throw new Error(all.opened.error.message)
  return { ...all, connection: all.opened.value }
}

const list = (connection: Connection) => connection.call(procedures.domains, undefined)
const oneDomain = writeDomain(new XdrWriter().uint(1), domain).bytes()

test('answers are matched to calls, in whatever order they come', async () => {
  const held: Packet[] = []
  const { connection } = await connected((packet, socket) => {
    held.push(packet)
    if (held.length === 2) {
      const [first, second] = held
      if (second) socket.write(replyTo(second, statuses.ok, new XdrWriter().string('QEMU').bytes()))
      if (first) socket.write(replyTo(first, statuses.ok, oneDomain))
    }
    return null
  })
  const [domains, type] = await Promise.all([list(connection), connection.call(procedures.type, undefined)])
  expect(domains).toEqual({ ok: true, value: [domain] })
  expect(type).toEqual({ ok: true, value: 'QEMU' })
  connection.close()
})

test('what libvirt refuses keeps its code and words', async () => {
  const { connection } = await connected(() => ({ error: errorPayload(42, 'Domain not found') }))
  expect(await connection.call(procedures.lookup, uuid)).toEqual({
    ok: false,
    error: { kind: 'libvirt', code: 42, message: 'Domain not found' },
  })
  connection.close()
})

test('a libvirtd that wants authentication is told apart', async () => {
  const { opened } = await joined(() => new XdrWriter().uint(1).int(2).bytes())
  expect(opened).toMatchObject({ ok: false, error: { kind: 'lost', message: expect.stringContaining('auth') } })
})

test('no socket is an answer, not an exception', async () => {
  const opened = await openConnection({
    socket: '/nonexistent/sock',
    uri: 'qemu:///system',
    timers: handClock().clock,
    lifecycle: () => undefined,
    rebooted: () => undefined,
    lost: () => undefined,
  })
  expect(opened).toMatchObject({ ok: false, error: { kind: 'lost' } })
})

test('closed in the middle of a call, every call is answered and the loss is told once', async () => {
  const { connection, lost } = await connected((_, socket) => {
    socket.destroy()
    return null
  })
  const answers = await Promise.all([list(connection), list(connection)])
  for (const answer of answers) expect(answer).toMatchObject({ ok: false, error: { kind: 'lost' } })
  expect(await list(connection)).toMatchObject({ ok: false, error: { kind: 'lost' } })
  expect(lost).toHaveLength(1)
})

test.each([
  ['garbage', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a packet larger than any', () => Buffer.from('7fffffff', 'hex')],
  ['an answer nobody asked for', (packet: Packet) => replyTo({ ...packet, serial: 9_999 }, statuses.ok, nothing)],
  ['an answer shorter than promised', (packet: Packet) => replyTo(packet, statuses.ok, Buffer.from('0000000a', 'hex'))],
  ['another program', (packet: Packet) => encodePacket({ ...packet, program: 0x1234_5678 })],
])('%s ends the connection, and its calls', async (_, bytes) => {
  const { connection, lost } = await connected((packet, socket) => {
    socket.write(bytes(packet))
    return null
  })
  expect(await list(connection)).toMatchObject({ ok: false, error: { kind: 'lost' } })
  expect(lost).toHaveLength(1)
})

test('a call that is not answered in time ends the connection', async () => {
  const { connection, time, lost, fake } = await connected(() => null)
  const answer = list(connection)
  await vi.waitFor(() => expect(fake.received.some(packet => packet.procedure === procedures.domains.number)).toBe(true))
  time.pass(60_000)
  expect(await answer).toMatchObject({ ok: false, error: { kind: 'lost' } })
  expect(lost).toHaveLength(1)
  expect(time.pending()).toBe(0)
})

test('pings are answered, and a libvirtd that says nothing for long is given up', async () => {
  const { time, lost, fake } = await connected()
  const sign = (procedure: number) =>
    encodePacket({
      program: programs.keepalive,
      procedure,
      type: types.message,
      serial: 0,
      status: statuses.ok,
      payload: nothing,
    })
  for (const socket of fake.joined) socket.write(sign(1))
  await vi.waitFor(() =>
    expect(fake.received.some(packet => packet.program === programs.keepalive && packet.procedure === 2)).toBe(true),
  )
  for (let beat = 0; beat < 2; beat++) time.pass(10_000)
  expect(lost).toEqual([])
  time.pass(10_000)
  expect(lost).toEqual(['libvirtd is silent'])
})

test('events are handed on', async () => {
  const { fake, lifecycle } = await connected()
  for (const socket of fake.joined) socket.write(lifecyclePacket('one', uuid, 2))
  await vi.waitFor(() => expect(lifecycle).toEqual(['one']))
})

test('a stream carries bytes both ways until either end closes it; closed is called once', async () => {
  let console: { packet: Packet; socket: Socket } | undefined
  const { connection, fake } = await connected((packet, socket) => {
    if (packet.procedure === procedures.openConsole.number) console = { packet, socket }
    return nothing
  })
  let text = ''
  let closed = 0
  const ends = { data: (bytes: Uint8Array) => (text += Buffer.from(bytes)), closed: () => closed++ }
  const opened = await connection.stream(procedures.openConsole, domain, ends)
  if (!opened.ok || !console) throw new Error('not opened')
  const { packet, socket } = console
  const push = (status: number, payload: string) =>
    socket.write(encodePacket({ ...packet, type: types.stream, status, payload: Buffer.from(payload) }))
  push(statuses.continue, 'log')
  push(statuses.continue, 'in:')
  await vi.waitFor(() => expect(text).toBe('login:'))
  opened.value.write(Buffer.from('x'.repeat(300_000)))
  const typed = () => fake.received.filter(({ type, status }) => type === types.stream && status === statuses.continue)
  await vi.waitFor(() => expect(typed().reduce((sum, { payload }) => sum + payload.length, 0)).toBe(300_000))
  expect(typed()).toHaveLength(2)
  push(statuses.ok, '')
  await vi.waitFor(() => expect(closed).toBe(1))
  opened.value.close()
  opened.value.write(Buffer.from('late'))
  connection.close()
  expect(closed).toBe(1)
})

test('a stream that libvirt refuses is no stream', async () => {
  const { connection } = await connected(() => ({ error: errorPayload(55, 'domain is not running') }))
  const closed = vi.fn()
  expect(await connection.stream(procedures.openConsole, domain, { data: () => undefined, closed })).toMatchObject({ ok: false })
  connection.close()
  expect(closed).not.toHaveBeenCalled()
})
