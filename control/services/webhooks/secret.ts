import { Secret } from '@sirocco/shared/kit/secret.ts'
import type { Ports } from '../context.ts'

/** Where a webhook's secret is sealed. */
export const secretPlace = (webhook: string): string => `webhook|${webhook}|secret`

const encode = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

/** As Standard Webhooks writes one: `whsec_` and 32 bytes in base64. */
export const newSecret = ({ random }: Pick<Ports, 'random'>): Secret => new Secret(`whsec_${encode(random.bytes(32))}`)

/**
 * The headers that tell a webhook who speaks (Standard Webhooks, https://www.standardwebhooks.com: HMAC-SHA256 over id, time in seconds and body).
 * The other end refuses what is older than some minutes, and what it has by this id.
 */
export async function signatureHeaders(
  secret: Secret,
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
): Promise<Readonly<Record<string, string>>> {
  const raw = Uint8Array.from(atob(secret.reveal().replace(/^whsec_/, '')), character => character.charCodeAt(0))
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const timestamp = String(Math.floor(at / 1_000))
  const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(`${id}.${timestamp}.${body}`))
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${encode(new Uint8Array(mac))}` }
}
