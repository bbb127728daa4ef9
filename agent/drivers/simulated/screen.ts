import { crc32, deflateSync } from 'node:zlib'
import type { ScreenStream } from '../../ports/compute.ts'
import { vncResponse } from './vnc-password.ts'

/** Pixels of a simulated screen: one plain colour, since nothing boots. */
const width = 320
const height = 200
/** Blue, green, red, unused: 32 bits a pixel, little endian. */
const pixel = Buffer.from([0x2b, 0x4a, 0x6b, 0])

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const uint32 = (value: number): Buffer => Buffer.from([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff])

/** 32 bits a pixel, 24 of them colour, as `pixel` has them. */
const pixelFormat = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])

/** One rectangle, the whole screen, raw. */
const update = (): Buffer =>
  Buffer.concat([
    Buffer.from([0, 0]),
    uint16(1),
    uint16(0),
    uint16(0),
    uint16(width),
    uint16(height),
    uint32(0),
    Buffer.alloc(width * height * 4, pixel),
  ])

/** Bytes of each message that a client may send after it was let in, by type; of two their length is told within. */
const clientMessages: Readonly<Record<number, (message: Buffer) => number>> = {
  0: () => 20,
  2: message => (message.length < 4 ? 4 : 4 + 4 * message.readUInt16BE(2)),
  3: () => 10,
  4: () => 8,
  5: () => 6,
  6: message => (message.length < 8 ? 8 : 8 + message.readUInt32BE(4)),
}

/** A screen that speaks RFB 3.8 (RFC 6143) with VNC authentication, as far as any viewer asks. */
export function simulatedScreen(
  password: string,
  challenge: Uint8Array,
  name: string,
  data: (bytes: Uint8Array) => void,
  closed: () => void,
): ScreenStream {
  let over = false
  let held = Buffer.alloc(0)
  const end = () => {
    if (over) return
    over = true
    queueMicrotask(closed)
  }
  // Never in the middle of a write: a socket does not either.
  const say = (...parts: readonly Buffer[]) => queueMicrotask(() => data(Buffer.concat(parts)))
  /** What is awaited, how many bytes of it, and what follows. */
  type Phase = (bytes: Buffer) => { readonly needs: number } | { readonly took: number; readonly next: Phase }

  const version: Phase = bytes => {
    if (bytes.length < 12) return { needs: 12 }
    say(Buffer.from([1, 2]))
    return { took: 12, next: security }
  }
  const security: Phase = bytes => {
    if (bytes.length < 1) return { needs: 1 }
    say(Buffer.from(challenge))
    return { took: 1, next: authentication }
  }
  const authentication: Phase = bytes => {
    if (bytes.length < 16) return { needs: 16 }
    if (bytes.subarray(0, 16).equals(vncResponse(password, challenge))) {
      say(uint32(0))
      return { took: 16, next: beginning }
    }
    const why = Buffer.from('authentication failed')
    say(uint32(1), uint32(why.length), why)
    end()
    return { took: 16, next: messages }
  }
  const beginning: Phase = bytes => {
    if (bytes.length < 1) return { needs: 1 }
    const title = Buffer.from(name)
    say(uint16(width), uint16(height), pixelFormat, uint32(title.length), title)
    return { took: 1, next: messages }
  }
  const messages: Phase = bytes => {
    const type = bytes[0]
    if (type === undefined) return { needs: 1 }
    const length = clientMessages[type]?.(bytes)
    if (length === undefined) {
      end()
      return { took: bytes.length, next: messages }
    }
    if (bytes.length < length) return { needs: length }
    // Only what is asked for whole is drawn again: nothing on it ever changes.
    if (type === 3 && bytes[1] === 0) say(update())
    return { took: length, next: messages }
  }

  let phase: Phase = version
  say(Buffer.from('RFB 003.008\n'))
  return {
    write(bytes) {
      held = Buffer.concat([held, bytes])
      for (let step = phase(held); !over && 'took' in step; step = phase(held)) {
        held = held.subarray(step.took)
        phase = step.next
      }
    },
    close: end,
    pause: () => undefined,
    resume: () => undefined,
  }
}

const chunk = (type: string, content: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type), content])
  return Buffer.concat([uint32(content.length), body, uint32(crc32(body))])
}

/** The same screen as PNG (RFC 2083): 8 bits a colour, no alpha. */
export function simulatedPicture(): Buffer {
  const [blue = 0, green = 0, red = 0] = pixel
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([red, green, blue]))])
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', Buffer.concat([uint32(width), uint32(height), Buffer.from([8, 2, 0, 0, 0])])),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => line)))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
