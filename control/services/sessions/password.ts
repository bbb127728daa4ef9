import { scrypt, timingSafeEqual } from 'node:crypto'
import type { Random } from '@sirocco/shared/kit/random.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { fromBase64, toBase64 } from '../base64.ts'

/** scrypt's cost (RFC 7914): 16 MiB a hash, so that a few at a time fit an isolate. */
const cost = { N: 16_384, r: 8, p: 1 }

const derive = (password: string, salt: Uint8Array, { N, r, p }: typeof cost): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, 32, { N, r, p }, (error, key) => (error ? reject(error) : resolve(key))),
  )

/** `scrypt$N$r$p$salt$hash`. */
export async function hashPassword(password: Secret, random: Random): Promise<string> {
  const salt = random.bytes(16)
  const hash = await derive(password.reveal(), salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, toBase64(salt), toBase64(hash)].join('$')
}

/** False too for what is no hash. Takes the same time whether or not it matches. */
export async function matchesPassword(password: Secret, stored: string): Promise<boolean> {
  const [kind, N, r, p, salt, hash] = stored.split('$')
  const [saltBytes, hashBytes] = [fromBase64(salt ?? ''), fromBase64(hash ?? '')]
  if (kind !== 'scrypt' || !saltBytes || !hashBytes || hashBytes.length !== 32) return false
  const derived = await derive(password.reveal(), saltBytes, { N: Number(N), r: Number(r), p: Number(p) })
  return timingSafeEqual(derived, hashBytes)
}

/** What an unknown address is checked against, so that it takes as long as a known one. */
export const noPassword = `scrypt$${cost.N}$${cost.r}$${cost.p}$${toBase64(new Uint8Array(16))}$${toBase64(new Uint8Array(32))}`
