import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { signatureHeaders, signedText } from '@sirocco/shared/wire/signature.ts'
import { z } from 'zod'

/** The agent's own key: made here, never sent. */
export interface Credential {
  /** PKCS #8, for the file that keeps it. */
  readonly pem: Secret
  /** The 32 raw bytes, in base64. */
  readonly publicKey: string
  readonly key: KeyObject
}

export const makeCredential = (): Credential => credentialOf(generateKeyPairSync('ed25519').privateKey)

export const readCredential = (pem: string): Credential => credentialOf(createPrivateKey(pem))

const Jwk = z.object({ x: z.string() })

function credentialOf(key: KeyObject): Credential {
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the agent key is not an Ed25519 key')
  const { x } = Jwk.parse(createPublicKey(key).export({ format: 'jwk' }))
  return {
    pem: new Secret(key.export({ format: 'pem', type: 'pkcs8' }).toString()),
    publicKey: Buffer.from(x, 'base64url').toString('base64'),
    key,
  }
}

/** Who signs: the key, and what the control plane knows it by. */
export interface Signer {
  readonly credential: Credential
  readonly agent: string
  readonly fingerprint: string
  readonly clock: Clock
}

/** The headers that make a request this agent's. */
export function signedHeaders(
  { credential, agent, fingerprint, clock }: Signer,
  method: string,
  url: URL,
): Record<string, string> {
  const time = String(clock.now())
  const nonce = randomBytes(16).toString('base64url')
  const text = signedText({ method, path: url.pathname + url.search, agent, time, nonce, fingerprint })
  return {
    [signatureHeaders.agent]: agent,
    [signatureHeaders.time]: time,
    [signatureHeaders.nonce]: nonce,
    [signatureHeaders.fingerprint]: fingerprint,
    [signatureHeaders.signature]: sign(null, Buffer.from(text), credential.key).toString('base64url'),
  }
}
