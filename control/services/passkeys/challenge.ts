import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { fromBase64Url, toBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { sha256 } from '../sha256.ts'

/** What a passkey is to sign: of whom, or of whoever signs in. */
type For = { readonly kind: 'passkey-add'; readonly user: string } | { readonly kind: 'passkey' }

const placeOf = (whose: For): string => `challenge|${whose.kind === 'passkey' ? '' : whose.user}|${whose.kind}`
const tooLate = () => refuse('unauthenticated', say('sign_in.too_late'))

const Kept = z.templateLiteral([z.int(), '.', z.string()])
const ClientData = z.object({ challenge: z.string().max(2_000) })

/**
 * A challenge that says itself until when it is good, sealed: whoever asks for one costs the database nothing. What was answered is kept until
 * then, so that it is answered once.
 */
export async function newChallenge({ secrets, random, clock }: Ports, whose: For): Promise<Uint8Array<ArrayBuffer>> {
  const text = `${clock.now() + limits.secondFactor}.${toBase64Url(random.bytes(16))}`
  return new Uint8Array(new TextEncoder().encode(await secrets.seal(new Secret(text), placeOf(whose))))
}

/** The challenge that is signed here, where it is one of ours and still good, and what uses it up. Guard `conflict` where it was. */
export async function answered(
  { secrets, clock }: Ports,
  whose: For,
  clientDataJSON: string,
): Promise<Result<{ readonly challenge: string; readonly spend: Change }>> {
  const data = ClientData.safeParse(jsonOf(clientDataJSON))
  if (!data.success) return tooLate()
  const bytes = fromBase64Url(data.data.challenge)
  const opened = bytes && (await secrets.open(new TextDecoder().decode(bytes), placeOf(whose)))
  if (!opened?.ok) return tooLate()
  const kept = Kept.safeParse(opened.value.reveal())
  const expiresAt = kept.success ? Number.parseInt(kept.data, 10) : 0
  if (expiresAt <= clock.now()) return tooLate()
  const { challenge } = data.data
  return ok({ challenge, spend: { do: 'challenge.spend', tokenHash: await sha256(challenge), kind: whose.kind, expiresAt } })
}

function jsonOf(base64Url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(base64Url) ?? new Uint8Array()))
  } catch {
    return null
  }
}
