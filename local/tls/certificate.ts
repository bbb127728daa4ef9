import { createHash, createPrivateKey, createSign, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { Random } from '../../shared/kit/random.ts'

/** DER (X.690): a tag, the length, the content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}

const sequence = (...content: Uint8Array[]) => der(0x30, ...content)
const set = (...content: Uint8Array[]) => der(0x31, ...content)
const text = (value: string) => der(0x0c, Buffer.from(value))
const integer = (bytes: Uint8Array) => der(0x02, bytes)
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes)
const octets = (bytes: Uint8Array) => der(0x04, bytes)
const yes = der(0x01, Buffer.from([0xff]))
/** GeneralizedTime, which is right beyond 2049, too. */
const time = (ms: number) => der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')}`))

/** Object identifiers, encoded: ecdsa-with-SHA256, commonName, basicConstraints, subjectAltName, extKeyUsage, serverAuth. */
const oid = {
  signature: der(0x06, Buffer.from('2a8648ce3d040302', 'hex')),
  commonName: der(0x06, Buffer.from('550403', 'hex')),
  constraints: der(0x06, Buffer.from('551d13', 'hex')),
  names: der(0x06, Buffer.from('551d11', 'hex')),
  usage: der(0x06, Buffer.from('551d25', 'hex')),
  server: der(0x06, Buffer.from('2b06010505070301', 'hex')),
}

/** SHA-256 of the whole certificate in hex: what a client is told to expect, since nobody vouches for it. */
export const pinOf = (pem: string): string => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')

/** Which of a given pair is of no use, in words that follow its name; `undefined` where it can serve at `now`. */
export function unfit(
  { certificate, key }: { certificate: string; key: string },
  now: number,
): { part: 'certificate' | 'key'; why: string } | undefined {
  const parsed = attempt(() => new X509Certificate(certificate))
  if (!parsed) return { part: 'certificate', why: 'holds no certificate in PEM' }
  const secret = attempt(() => createPrivateKey(key))
  if (!secret) return { part: 'key', why: 'holds no private key in PEM, or one under a passphrase' }
  if (!parsed.checkPrivateKey(secret)) return { part: 'key', why: "is not the certificate's key" }
  if (Date.parse(parsed.validTo) <= now) return { part: 'certificate', why: `ended on ${parsed.validTo}` }
  return undefined
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/** SHA-256 of its public key, as `curl --pinnedpubkey` takes it. */
export const keyPinOf = (pem: string): string => {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256//${createHash('sha256').update(key).digest('base64')}`
}

const day = 24 * 60 * 60 * 1_000
/** Long, since clients hold its pin. */
const validity = 3_650 * day

/** A certificate for these names and IPv4 addresses, signed with its own new P-256 key; both PEM. */
export function makeCertificate(
  names: readonly string[],
  { random, now }: { random: Random; now: number },
): { certificate: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid.signature)
  const name = sequence(set(sequence(oid.commonName, text(names[0] ?? 'sirocco'))))
  const serial = Buffer.from(random.bytes(16))
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const alternatives = names.map(each =>
    isIPv4(each) ? der(0x87, Buffer.from(each.split('.').map(Number))) : der(0x82, Buffer.from(each, 'latin1')),
  )
  const extensions = [
    sequence(oid.constraints, yes, octets(sequence())),
    sequence(oid.names, octets(sequence(...alternatives))),
    sequence(oid.usage, octets(sequence(oid.server))),
  ]
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name,
    sequence(time(now - day), time(now + validity)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signed = sequence(body, algorithm, bits(createSign('sha256').update(body).sign(privateKey)))
  const base64 = signed.toString('base64').replace(/.{1,64}/g, line => `${line}\n`)
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}
