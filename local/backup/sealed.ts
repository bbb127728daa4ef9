import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { KiB, MiB } from '../../shared/kit/units.ts'
import { Stop } from '../stop.ts'
import { Chunks } from './chunks.ts'

const magic = Buffer.from('sirocco-backup 1\n')
const saltBytes = 16
/** With a counter of four bytes behind it, AES-GCM's nonce. */
const prefixBytes = 8
const tagBytes = 16
const piece = 64 * KiB
/** A tenth of a second and 64 MiB for each guess at a passphrase. */
const cost: ScryptOptions = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * MiB }
const derive: (secret: string, salt: Buffer, length: number, options: ScryptOptions) => Promise<Buffer> = promisify(scrypt)

const nonceOf = (prefix: Buffer, turn: number): Buffer => {
  const nonce = Buffer.alloc(prefixBytes + 4, prefix)
  nonce.writeUInt32BE(turn, prefixBytes)
  return nonce
}

/** What each piece is bound to beside its place: the head, and whether it is the last; so none can be left out, moved or cut off. */
const boundTo = (head: Buffer, last: boolean): Buffer => Buffer.concat([head, Buffer.from([Number(last)])])

/** The same bytes under a passphrase: scrypt, then AES-256-GCM piece by piece. */
export async function* sealed(plain: AsyncIterable<Buffer>, secret: string): AsyncGenerator<Buffer> {
  const [salt, prefix] = [randomBytes(saltBytes), randomBytes(prefixBytes)]
  const head = Buffer.concat([magic, salt, prefix])
  const key = await derive(secret, salt, 32, cost)
  yield head
  const source = new Chunks(plain)
  for (let turn = 0; ; turn++) {
    const bytes = await source.upTo(piece)
    const last = await source.atEnd()
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(prefix, turn)).setAAD(boundTo(head, last))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    yield Buffer.concat([length, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    if (last) return
  }
}

/** What was sealed; stops with a sentence where it is no backup, the passphrase is another, or a byte of it is missing or changed. */
export async function* opened(bytes: AsyncIterable<Buffer>, secret: string, name: string): AsyncGenerator<Buffer> {
  const source = new Chunks(bytes)
  const head = await source.upTo(magic.length + saltBytes + prefixBytes)
  if (!head.subarray(0, magic.length).equals(magic)) throw new Stop(`${name} is no backup of this Sirocco.`)
  const salt = head.subarray(magic.length, magic.length + saltBytes)
  const prefix = head.subarray(magic.length + saltBytes)
  const torn = new Stop(`${name} is torn: it ends before the backup does. Take another copy of it.`)
  if (prefix.length < prefixBytes) throw torn
  const key = await derive(secret, salt, 32, cost)
  for (let turn = 0; ; turn++) {
    const length = await source.upTo(4)
    if (length.length < 4) throw torn
    const size = length.readUInt32BE()
    const frame = size > piece ? Buffer.alloc(0) : await source.upTo(size + tagBytes)
    if (size <= piece && frame.length < size + tagBytes) throw torn
    const last = await source.atEnd()
    const plain = openedPiece(frame, key, nonceOf(prefix, turn), boundTo(head, last))
    if (plain === null && turn === 0)
      throw new Stop(`${name} cannot be opened: its passphrase is another, or it was changed at its beginning.`)
    // Whole, but not the last: the rest is missing.
    if (plain === null && last && openedPiece(frame, key, nonceOf(prefix, turn), boundTo(head, false)) !== null) throw torn
    if (plain === null) throw new Stop(`${name} was changed after it was made: take another copy of it.`)
    yield plain
    if (last) return
  }
}

function openedPiece(frame: Buffer, key: Buffer, nonce: Buffer, bound: Buffer): Buffer | null {
  if (frame.length < tagBytes) return null
  const at = frame.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(bound).setAuthTag(frame.subarray(at))
  try {
    return Buffer.concat([decipher.update(frame.subarray(0, at)), decipher.final()])
  } catch {
    return null
  }
}
