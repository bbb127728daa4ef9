import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodePacket, type Packet, PacketCutter, packetMax, programs, statuses, types } from './packet.ts'
import { Malformed } from './xdr.ts'

const packet = (serial: number, payload: Buffer): Packet => ({
  program: programs.remote,
  procedure: 273,
  type: types.reply,
  serial,
  status: statuses.ok,
  payload,
})

/** As libvirt 9.0 put it on its socket: the answer to AUTH_LIST, one kind, none. */
const recorded = Buffer.from('00000024200080860000000100000042000000010000000100000000' + '0000000100000000', 'hex')

test('reads what libvirt 9.0 sent', () => {
  const [only] = new PacketCutter().push(recorded)
  expect(only).toMatchObject({ program: programs.remote, procedure: 66, type: types.reply, serial: 1, status: statuses.ok })
  expect(only?.payload.toString('hex')).toBe('0000000100000000')
})

test('packets come out whole and in order, however the stream is cut', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(payloads, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (contents, cuts) => {
      const sent = contents.map((bytes, at) => packet(at, Buffer.from(bytes)))
      const stream = Buffer.concat(sent.map(encodePacket))
      const cutter = new PacketCutter()
      const received: Packet[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const length = cuts[turn % cuts.length] ?? 1
        received.push(...cutter.push(stream.subarray(at, at + length)))
        at += length
      }
      expect(received.map(({ serial, payload }) => [serial, payload.toString('hex')])).toEqual(
        sent.map(({ serial, payload }) => [serial, payload.toString('hex')]),
      )
    }),
  )
})

test('a length that no packet has ends the stream at once, before its bytes are gathered', () => {
  for (const length of [0, 4, 27, packetMax + 1, 0xffff_ffff]) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(length)
    expect(() => new PacketCutter().push(bytes), `${length}`).toThrow(Malformed)
  }
})

test('another protocol version is not ours', () => {
  const bytes = encodePacket(packet(1, Buffer.alloc(0)))
  bytes.writeUInt32BE(2, 8)
  expect(() => new PacketCutter().push(bytes)).toThrow(Malformed)
})
