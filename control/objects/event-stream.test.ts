import { describe, expect, test } from 'vitest'
import type { Event } from '../domain/events/event.ts'
import { EventStream } from './event-stream.ts'

const event = (seq: number, data: Event['data'] = {}): Event => ({
  seq,
  id: `evt_${seq}`,
  project: 'prj_1',
  type: 'machine.state',
  subject: 'vm_1',
  data,
  at: 0,
})
const textOf = (stream: EventStream) => new Response(stream.body).text()

describe('a stream of server-sent events', () => {
  test('tells each event with its seq as id, in one line of data', async () => {
    const stream = new EventStream(3, () => {})
    stream.tell([event(4, { note: 'two\nlines' }), event(7)])
    stream.reset(9)
    expect(stream.after).toBe(9)
    stream.end()
    const blocks = (await textOf(stream)).trimEnd().split('\n\n')
    expect(blocks.map(block => block.split('\n').map(line => line.split(':')[0]))).toEqual([
      ['id', 'event', 'data'],
      ['id', 'event', 'data'],
      ['id', 'event', 'data'],
    ])
    expect(blocks[0]).toContain('id: 4')
    expect(blocks[2]).toContain('event: reset')
  })

  test('ends for a reader who is too slow, and says so once', async () => {
    let gone = 0
    const stream = new EventStream(0, () => gone++)
    for (let seq = 1; seq < 2_000; seq++) stream.tell([event(seq, { padding: 'x'.repeat(1_000) })])
    expect(gone).toBe(1)
    expect((await textOf(stream)).length).toBeLessThan(1_000_000)
  })

  test('ends when its reader leaves', async () => {
    let gone = 0
    const stream = new EventStream(0, () => gone++)
    await stream.body.cancel()
    stream.tell([event(1)])
    expect(gone).toBe(1)
  })
})
