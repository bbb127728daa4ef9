import { expect, test } from 'vitest'
import { protocolNumber, protocolOf, wrongPorts } from './rule.ts'

test('a protocol has one name, whichever way it is written', () => {
  for (const [text, name] of [
    ['6', 'tcp'],
    ['TCP', 'tcp'],
    ['-1', 'all'],
    ['58', 'icmpv6'],
    ['047', '47'],
  ] as const)
    expect(protocolOf(text), text).toBe(name)
  for (const text of ['', 'tcp drop', '256', '1.5', '-2']) expect(protocolOf(text), text).toBeNull()
  expect(['all', 'udp', '47'].map(protocolNumber)).toEqual([null, 17, 47])
})

test('ports are a range of TCP and UDP, type and code of ICMP, and nothing of others', () => {
  const wrong = (protocol: string, from: number | null, to: number | null) => wrongPorts({ protocol, from, to }) !== null
  expect([
    wrong('tcp', 22, 22),
    wrong('udp', null, null),
    wrong('icmp', 8, null),
    wrong('icmpv6', 128, 0),
    wrong('47', null, null),
  ]).not.toContain(true)
  expect([
    wrong('tcp', 22, null),
    wrong('tcp', 23, 22),
    wrong('udp', 1, 65_536),
    wrong('icmp', null, 0),
    wrong('icmp', 256, null),
    wrong('47', 1, 1),
  ]).not.toContain(false)
})
