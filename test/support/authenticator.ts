import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { Assertion, Attestation } from '@sirocco/shared/api/passkeys.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import type { z } from 'zod'

/** A device with one passkey (ES256, no attestation), as WebAuthn, 6 has it; `lies` are what a bad one, or a bad page, would say. */
export interface Lies {
  readonly origin?: string
  readonly domain?: string
  /** The person was not verified. */
  readonly unverified?: boolean
  /** In place of the next count. */
  readonly counter?: number
  readonly userHandle?: string
}

const flags = { present: 0x01, verified: 0x04, attested: 0x40 }
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest()
const url64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

export function authenticator(site: { readonly domain: string; readonly origin: string }) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(32)
  let counter = 0
  let owner = ''

  const clientData = (type: string, challenge: string, origin = site.origin) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))

  function authData({ domain = site.domain, unverified = false, counter: count }: Lies, attested: Uint8Array): Buffer {
    counter = count ?? counter + 1
    const flag = flags.present | (unverified ? 0 : flags.verified) | (attested.length > 0 ? flags.attested : 0)
    const head = Buffer.alloc(5)
    head.writeUInt8(flag, 0)
    head.writeUInt32BE(counter, 1)
    return Buffer.concat([sha256(domain), head, attested])
  }

  return {
    id: url64(id),
    /** As `navigator.credentials.create` answers. */
    make(options: { challenge: string; userId: string }, lies: Lies = {}): z.output<typeof Attestation> {
      owner = options.userId
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
      // COSE (RFC 9053, 7.1.1): kty 2 EC2, alg -7 ES256, crv 1 P-256, x, y.
      const key = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        Buffer.from(x, 'base64url'),
        Buffer.from('225820', 'hex'),
        Buffer.from(y, 'base64url'),
      ])
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, key])
      const data = authData(lies, attested)
      assert(data.length < 256, 'one byte of length')
      // CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}.
      const attestation = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex'),
        Buffer.from([data.length]),
        data,
      ])
      return {
        id: url64(id),
        rawId: url64(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: url64(clientData('webauthn.create', options.challenge, lies.origin)),
          attestationObject: url64(attestation),
          transports: ['internal'],
        },
      }
    },
    /** As `navigator.credentials.get` answers. */
    sign(challenge: string, lies: Lies = {}): Assertion {
      const data = authData(lies, Buffer.alloc(0))
      const client = clientData('webauthn.get', challenge, lies.origin)
      return {
        id: url64(id),
        rawId: url64(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: url64(client),
          authenticatorData: url64(data),
          signature: url64(sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)),
          userHandle: lies.userHandle ?? owner,
        },
      }
    },
  }
}
