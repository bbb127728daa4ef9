import {
  generateAuthenticationOptions,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server'
import type { Assertion } from '@sirocco/shared/api/passkeys.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Origin } from '../../domain/access/origin.ts'
import { fromBase64, toBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { begin, type SignedIn } from '../sessions/begin.ts'
import { answered, newChallenge } from './challenge.ts'
import { siteOf } from './site.ts'

/** What a browser is to ask its passkeys for; whose, the passkey says. */
export async function askPasskey(ports: Ports, publicUrl: string): Promise<Result<PublicKeyCredentialRequestOptionsJSON>> {
  const site = siteOf(publicUrl)
  if (!site) return refuse('unsupported', say('passkey.no_site'))
  return ok(
    await generateAuthenticationOptions({
      rpID: site.domain,
      challenge: await newChallenge(ports, { kind: 'passkey' }),
      timeout: limits.secondFactor,
      userVerification: 'required',
    }),
  )
}

const wrong = () => refuse('unauthenticated', say('passkey.wrong'))

/** By a passkey: the device has seen its person, so no other factor is asked for. The challenge is used up in the batch that begins the session. */
export async function signInByPasskey(
  ports: Ports,
  { publicUrl, response, origin }: { publicUrl: string; response: Assertion; origin: Origin },
): Promise<Result<SignedIn>> {
  const site = siteOf(publicUrl)
  if (!site) return refuse('unsupported', say('passkey.no_site'))
  const signed = await answered(ports, { kind: 'passkey' }, response.response.clientDataJSON)
  if (!signed.ok) return signed
  const found = await ports.store.signIn.passkey(response.id)
  if (!found.ok) return found.fault.code === 'not_found' ? wrong() : found
  const { id, user, project, publicKey, counter } = found.value
  const { userHandle } = response.response
  if (userHandle !== undefined && userHandle !== toBase64Url(new TextEncoder().encode(user))) return wrong()
  const shown = await verifyAuthenticationResponse({
    response,
    expectedChallenge: signed.value.challenge,
    expectedOrigin: site.origin,
    expectedRPID: site.domain,
    requireUserVerification: true,
    // A counter that does not rise is a copy's: refused here.
    credential: { id: response.id, publicKey: fromBase64(publicKey) ?? new Uint8Array(), counter },
  }).catch(() => null)
  if (!shown?.verified) return wrong()
  const { newCounter, credentialBackedUp } = shown.authenticationInfo
  const begun = await begin(ports, { user, project, origin }, [
    signed.value.spend,
    { do: 'passkey.used', id, counter, to: newCounter, backedUp: credentialBackedUp },
  ])
  return begun.ok || (begun.fault.code !== 'conflict' && begun.fault.code !== 'stale') ? begun : wrong()
}
