import { limits } from '@sirocco/shared/model/limits.ts'
import { describe, expect, it } from 'vitest'
import { ConsoleStream } from './stream.ts'

function line() {
  const sent: (string | Uint8Array)[] = []
  const stream = new ConsoleStream(message => sent.push(message))
  return { stream, sent, bytes: () => sent.reduce((sum, each) => sum + (typeof each === 'string' ? 0 : each.length), 0) }
}

describe('a console', () => {
  it('sends what is typed as it is', () => {
    const { stream, sent } = line()
    stream.type(new TextEncoder().encode('ls\r'))
    expect(sent).toEqual([new TextEncoder().encode('ls\r')])
  })

  it('keeps a long paste within the credit, and goes on as the machine acknowledges', () => {
    const { stream, bytes } = line()
    stream.type(new Uint8Array(limits.streamCredit + 50_000))
    expect(bytes()).toBeLessThanOrEqual(limits.streamCredit)
    const first = bytes()
    stream.receive(JSON.stringify({ ack: first }))
    expect(bytes()).toBe(limits.streamCredit + 50_000)
  })

  it('keeps the order of what is typed while a paste waits', () => {
    const { stream, sent } = line()
    stream.type(new Uint8Array(limits.streamCredit))
    stream.type(Uint8Array.of(1))
    stream.type(Uint8Array.of(2))
    stream.receive(JSON.stringify({ ack: limits.streamCredit }))
    expect(sent.slice(-2)).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
  })

  it('acknowledges what was drawn, and nothing for nothing', () => {
    const { stream, sent } = line()
    stream.drawn(12)
    stream.drawn(0)
    expect(sent).toEqual(['{"ack":12}'])
  })

  it('tells bytes, the end and its reason apart', () => {
    const { stream } = line()
    expect(stream.receive(Uint8Array.of(65).buffer)).toEqual({ is: 'bytes', bytes: Uint8Array.of(65) })
    expect(stream.receive('{"end":"the guest went away"}')).toEqual({ is: 'end', reason: 'the guest went away' })
  })

  it.each(['', 'null', '{"ack":-5}', '{"ack":"x"}', 'nonsense'])('survives %j', text => {
    const { stream, sent } = line()
    expect(stream.receive(text)).toEqual({ is: 'other' })
    expect(sent).toEqual([])
  })
})
