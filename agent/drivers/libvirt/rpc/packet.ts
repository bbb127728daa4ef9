import { Malformed } from './xdr.ts'

/** Framing of libvirt's RPC (virnetprotocol.x): u32 length, itself included, then a header of six u32, then the payload. */
export const programs = { remote: 0x20008086, qemu: 0x20008087, keepalive: 0x6b656570 } as const
export const types = { call: 0, reply: 1, message: 2, stream: 3 } as const
export const statuses = { ok: 0, error: 1, continue: 2 } as const

const lengthBytes = 4
const headerBytes = 24
const version = 1

/** VIR_NET_MESSAGE_MAX and the length word. */
export const packetMax = 33_554_432 + lengthBytes
/** VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX: what every libvirt takes in one stream packet. */
export const streamPayloadMax = 262_120

export interface Packet {
  readonly program: number
  readonly procedure: number
  readonly type: number
  readonly serial: number
  readonly status: number
  readonly payload: Buffer
}

/** One packet as bytes. */
export function encodePacket(packet: Packet): Buffer {
  const bytes = Buffer.alloc(lengthBytes + headerBytes + packet.payload.length)
  if (bytes.length > packetMax) throw new RangeError(`a packet of ${bytes.length} bytes is more than libvirt takes`)
  const words = [bytes.length, packet.program, version, packet.procedure, packet.type, packet.serial, packet.status]
  for (const [at, word] of words.entries()) bytes.writeUInt32BE(word, at * 4)
  packet.payload.copy(bytes, lengthBytes + headerBytes)
  return bytes
}

function decodePacket(bytes: Buffer): Packet {
  const word = (at: number) => bytes.readUInt32BE(lengthBytes + at * 4)
  if (word(1) !== version) throw new Malformed(`protocol version ${word(1)}`)
  return {
    program: word(0),
    procedure: word(2),
    type: word(3),
    serial: word(4),
    status: word(5),
    payload: bytes.subarray(lengthBytes + headerBytes),
  }
}

/** Cuts a byte stream into packets, however it was split or merged. Throws `Malformed`; then the stream is lost. */
export class PacketCutter {
  #chunks: Buffer[] = []
  #held = 0

  push(chunk: Buffer): Packet[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    const packets: Packet[] = []
    for (let bytes = this.#next(); bytes; bytes = this.#next()) packets.push(decodePacket(bytes))
    return packets
  }

  /** Chunks are joined only once a whole packet is there, so that a large one costs no repeated copying. */
  #next(): Buffer | null {
    if (this.#held < lengthBytes) return null
    const [first] = this.#chunks
    if (!first || first.length < lengthBytes) this.#join()
    const length = this.#chunks[0]?.readUInt32BE() ?? 0
    if (length < lengthBytes + headerBytes || length > packetMax) throw new Malformed(`a packet of ${length} bytes`)
    if (this.#held < length) return null
    const all = this.#join()
    const rest = all.subarray(length)
    this.#chunks = rest.length ? [rest] : []
    this.#held = rest.length
    return all.subarray(0, length)
  }

  #join(): Buffer {
    const all = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
