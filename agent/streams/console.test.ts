import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { VirtualTime } from '../../test/support/agent-world.ts'
import { simulatedCompute } from '../drivers/simulated/compute.ts'
import { SimulatedHost } from '../drivers/simulated/host.ts'
import type { Compute } from '../ports/compute.ts'
import { joinConsole, Outflow, type StreamEvents, type StreamSource } from './console.ts'

/** A console and the far end of its stream. */
async function joined() {
  const host = new SimulatedHost({ timers: new VirtualTime(), name: 'sim', bootId: 'b' })
  const sent: (string | Uint8Array)[] = []
  const closed: string[] = []
  let events: StreamEvents | null = null
  let print: (bytes: Uint8Array) => void = () => {}
  let off: () => void = () => {}
  const typed: string[] = []
  let left = 0
  const compute: Compute = {
    ...simulatedCompute(host, 'one'),
    console: async (_, data, closed) => {
      print = data
      off = closed
      return ok({ write: bytes => void typed.push(new TextDecoder().decode(bytes)), close: () => left++ })
    },
  }
  const result = await joinConsole(
    (data, closed) => compute.console('vm_a', data, closed),
    'agent/streams/tkt_1',
    async (_, to) => {
      events = to
      return ok({ send: data => void sent.push(data), close: reason => void closed.push(reason) })
    },
  )
  expect(result.ok).toBe(true)
  const far = (): StreamEvents => {
    if (!events) throw new Error('no stream was opened')
    return events
  }
  return { sent, closed, typed, far, print: (bytes: Uint8Array) => print(bytes), off: () => off(), left: () => left }
}

test('what is typed reaches the guest and is acknowledged', async () => {
  const stream = await joined()
  stream.far().bytes(new TextEncoder().encode('ls\n'))
  expect(stream.typed).toEqual(['ls\n'])
  expect(stream.sent).toEqual(['{"ack":3}'])
})

test('what is printed goes out while there is credit, and on when it is acknowledged', async () => {
  const stream = await joined()
  const size = () => stream.sent.reduce((sum, data) => sum + (typeof data === 'string' ? 0 : data.byteLength), 0)
  stream.print(new Uint8Array(limits.streamCredit + 1_000))
  expect(size()).toBeLessThanOrEqual(limits.streamCredit)
  stream.far().text(JSON.stringify({ ack: size() }))
  expect(size()).toBe(limits.streamCredit + 1_000)
})

test('a reader that never acknowledges costs a bounded amount of memory, and gets the newest', () => {
  const out: Uint8Array[] = []
  const flow = new Outflow(bytes => out.push(bytes))
  for (let i = 0; i < 100; i++) flow.put(new Uint8Array(limits.streamCredit / 4).fill(i))
  flow.acked(limits.streamCredit)
  expect(out.reduce((sum, part) => sum + part.byteLength, 0)).toBeLessThanOrEqual(2 * limits.streamCredit)
  expect(out.at(-1)?.[0]).toBe(99)
})

test.each([
  ['the machine goes off', (s: Awaited<ReturnType<typeof joined>>) => s.off()],
  ['the far end ends it', (s: Awaited<ReturnType<typeof joined>>) => s.far().text('{"end":"done"}')],
  ['the far end talks nonsense', (s: Awaited<ReturnType<typeof joined>>) => s.far().text('{')],
  ['the socket closes', (s: Awaited<ReturnType<typeof joined>>) => s.far().closed('gone')],
])('ends once, on both sides, when %s', async (_, happen) => {
  const stream = await joined()
  happen(stream)
  happen(stream)
  expect(stream.closed).toHaveLength(1)
  expect(stream.left()).toBe(1)
})

test('a console that cannot be joined ends the stream with the reason', async () => {
  const host = new SimulatedHost({ timers: new VirtualTime(), name: 'sim', bootId: 'b' })
  const sent: unknown[] = []
  const compute = simulatedCompute(host, 'one')
  const source: StreamSource = (data, closed) => compute.console('vm_a', data, closed)
  const result = await joinConsole(source, 'p', async () => ok({ send: data => void sent.push(data), close: () => {} }))
  expect(result).toMatchObject({ ok: false, fault: { code: 'not_found' } })
  expect(sent).toHaveLength(1)
  const closed = await joinConsole(source, 'p', async () => refuse('unavailable', 'no'))
  expect(closed).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
})

test('of a source that can be asked to wait nothing is lost: it waits while there is no credit', () => {
  const out: Uint8Array[] = []
  const brakes: string[] = []
  const flow = new Outflow(bytes => out.push(bytes), { pause: () => brakes.push('pause'), resume: () => brakes.push('resume') })
  const size = () => out.reduce((sum, part) => sum + part.byteLength, 0)
  flow.put(new Uint8Array(5 * limits.streamCredit))
  expect(size()).toBe(limits.streamCredit)
  expect(brakes).toEqual(['pause'])
  while (size() < 5 * limits.streamCredit) flow.acked(limits.streamCredit)
  expect(brakes).toEqual(['pause', 'resume'])
})
