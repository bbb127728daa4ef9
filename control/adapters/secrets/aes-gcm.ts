import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import type { Secrets } from '../../ports/secrets.ts'

interface Key {
  readonly id: string
  readonly key: CryptoKey
}

/** Bytes of a nonce, as NIST SP 800-38D, 5.2.1.1 recommends; random, so that one key seals far fewer than 2^32 values. */
const nonceBytes = 12

/**
 * Secrets sealed by AES-256-GCM: `v1.<key id>.<nonce>.<ciphertext>`. `keys`: 32 bytes each in base64, with commas between; the first
 * seals, any opens. The place is authenticated with it, so that a sealed value cannot be moved to another row.
 */
export function aesGcm(keys: Secret, random: Random): Secrets {
  const ready = Promise.all(keys.reveal().split(',').map(importKey))
  return {
    async seal(secret, place) {
      const [first] = await ready
      if (!first) throw new Error('impossible: no sealing key')
      const iv = new Uint8Array(random.bytes(nonceBytes))
      const sealed = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv, additionalData: bytesOf(place) },
        first.key,
        bytesOf(secret.reveal()),
      )
      return `v1.${first.id}.${toText(iv)}.${toText(new Uint8Array(sealed))}`
    },
    async open(sealed, place): Promise<Result<Secret>> {
      const [version, id, iv, ciphertext] = sealed.split('.')
      const key = (await ready).find(key => key.id === id)
      if (version !== 'v1' || !key || iv === undefined || ciphertext === undefined)
        return refuse('internal', 'a secret cannot be read', { detail: `${place}: sealed by a key that is not here` })
      try {
        const opened = await crypto.subtle.decrypt(
          { name: 'AES-GCM', iv: fromText(iv), additionalData: bytesOf(place) },
          key.key,
          fromText(ciphertext),
        )
        return ok(new Secret(new TextDecoder().decode(opened)))
      } catch {
        return refuse('internal', 'a secret cannot be read', { detail: `${place}: it was changed, or belongs elsewhere` })
      }
    },
  }
}

/** A key's id says nothing of the key: the first bytes of its SHA-256. */
async function importKey(base64: string): Promise<Key> {
  const raw = fromText(base64.trim())
  if (raw.length !== 32) throw new Error('SEALING_KEY: each key must be 32 bytes in base64')
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', raw))
  const id = Array.from(hash.slice(0, 4), byte => byte.toString(16).padStart(2, '0')).join('')
  return { id, key: await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']) }
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const toText = (bytes: Uint8Array) => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))
const fromText = (text: string) => Uint8Array.from(atob(text), c => c.charCodeAt(0))
