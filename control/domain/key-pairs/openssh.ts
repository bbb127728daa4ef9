import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'

const u32 = (n: number): Uint8Array => Uint8Array.of((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255)
const ascii = (text: string): Uint8Array => Uint8Array.from(text, c => c.charCodeAt(0))

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** A string of the SSH protocol: its length, then its bytes (RFC 4251, section 5). */
const field = (bytes: Uint8Array): Uint8Array => concat(u32(bytes.length), bytes)
/** A positive integer: a zero leads where the top bit is set. */
const integer = (bytes: Uint8Array): Uint8Array => field((bytes[0] ?? 0) & 0x80 ? concat(Uint8Array.of(0), bytes) : bytes)

/** The public key blob of RFC 8709 (Ed25519). */
export const ed25519Blob = (key: Uint8Array): Uint8Array<ArrayBuffer> => concat(field(ascii('ssh-ed25519')), field(key))
/** The public key blob of RFC 4253, section 6.6 (RSA), of big-endian exponent and modulus. */
export const rsaBlob = (exponent: Uint8Array, modulus: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat(field(ascii('ssh-rsa')), integer(exponent), integer(modulus))

/** An unencrypted `openssh-key-v1` file's bytes (OpenSSH PROTOCOL.key) of an Ed25519 key; `check` is any 4 bytes. */
export function ed25519PrivateKey(
  seed: Uint8Array,
  key: Uint8Array,
  check: Uint8Array,
  comment: string,
): Uint8Array<ArrayBuffer> {
  const secret = concat(check, check, field(ascii('ssh-ed25519')), field(key), field(concat(seed, key)), field(ascii(comment)))
  const padding = Uint8Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1)
  return concat(
    ascii('openssh-key-v1\0'),
    field(ascii('none')),
    field(ascii('none')),
    field(ascii('')),
    u32(1),
    field(ed25519Blob(key)),
    field(concat(secret, padding)),
  )
}

export interface PublicKey {
  readonly type: 'ed25519' | 'rsa'
  readonly blob: Uint8Array<ArrayBuffer>
  /** `ssh-… AAAA…`, without comment. */
  readonly line: string
  /** Of rsa: big-endian exponent and modulus. */
  readonly numbers: readonly [exponent: Uint8Array, modulus: Uint8Array] | null
}

/** The fields of a key blob; null where it is torn. */
function fieldsOf(blob: Uint8Array): Uint8Array[] | null {
  const fields: Uint8Array[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return null
    const length = new DataView(blob.buffer, blob.byteOffset + at, 4).getUint32(0)
    at += 4
    if (at + length > blob.length) return null
    fields.push(blob.subarray(at, at + length))
    at += length
  }
  return fields
}

/** An OpenSSH public key line (`ssh-ed25519 AAAA… comment`), checked to its last byte. RSA of 1024 to 16384 bits, or Ed25519, as EC2 takes. */
export function parsePublicKey(text: string, decodeBase64: (text: string) => Uint8Array<ArrayBuffer> | null): Result<PublicKey> {
  const wrong = (why: string) =>
    refuse('invalid', `${why}; give a line like "ssh-ed25519 AAAA… you@example"`, { field: 'publicKey' })
  const [name = '', encoded = ''] = text.trim().split(/\s+/)
  if (name !== 'ssh-ed25519' && name !== 'ssh-rsa') return wrong('the public key must be of type ssh-ed25519 or ssh-rsa')
  if (/[\r\n]/.test(text.trim())) return wrong('the public key must be one line')
  const blob = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? decodeBase64(encoded) : null
  const fields = blob && fieldsOf(blob)
  if (!blob || !fields || fields[0] === undefined || String.fromCharCode(...fields[0]) !== name)
    return wrong('the public key is damaged')
  const line = `${name} ${encoded}`
  if (name === 'ssh-ed25519') {
    return fields.length === 2 && fields[1]?.length === 32
      ? ok({ type: 'ed25519', blob, line, numbers: null })
      : wrong('the public key is damaged')
  }
  const [, exponent, modulus] = fields
  if (fields.length !== 3 || !exponent || !modulus) return wrong('the public key is damaged')
  const strip = (n: Uint8Array) => (n[0] === 0 ? n.subarray(1) : n)
  const bits = strip(modulus).length * 8
  if (bits < 1024 || bits > 16_384) return wrong(`an RSA key has 1024 to 16384 bits, this one ${bits}`)
  return ok({ type: 'rsa', blob, line, numbers: [strip(exponent), strip(modulus)] })
}

/** DER of the SubjectPublicKeyInfo of an RSA key (RFC 3279): what EC2's fingerprint of an imported key is of. */
export function rsaSpki(exponent: Uint8Array, modulus: Uint8Array): Uint8Array<ArrayBuffer> {
  const sequence = concat(der(2, positive(modulus)), der(2, positive(exponent)))
  const algorithm = Uint8Array.of(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00)
  return der(0x30, concat(algorithm, der(3, concat(Uint8Array.of(0), der(0x30, sequence)))))
}
const positive = (n: Uint8Array): Uint8Array => ((n[0] ?? 0) & 0x80 ? concat(Uint8Array.of(0), n) : n)
function der(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content
  const size =
    length < 128
      ? Uint8Array.of(length)
      : length < 256
        ? Uint8Array.of(0x81, length)
        : Uint8Array.of(0x82, length >> 8, length & 255)
  return concat(Uint8Array.of(tag), size, content)
}
