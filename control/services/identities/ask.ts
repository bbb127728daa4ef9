import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import * as oauth from 'oauth4webapi'
import { z } from 'zod'
import type { Origin } from '../../domain/access/origin.ts'
import type { Ports } from '../context.ts'
import { Ref } from '../inputs.ts'
import { mayBeAsked } from '../outward-address.ts'
import { freshSession } from '../sessions/fresh.ts'
import { tryProvider } from '../sessions/throttle.ts'
import { read } from '../verb.ts'
import { newFlow } from './flow.ts'
import { talking } from './talk.ts'

/** Where a browser goes, and what it keeps until it is back. */
export interface Asked {
  readonly url: string
  readonly flow: Secret
}

/** Where a provider sends browsers back to: to be told to it beforehand. */
export const backAt = (publicUrl: string): string => new URL('/sign-in/back', publicUrl).href

async function askOf(ports: Ports, ref: string, user: Id<'user'> | null, publicUrl: string): Promise<Result<Asked>> {
  const found = await ports.store.signIn.provider(ref)
  if (!found.ok) return found
  const { id, name, clientId, scope } = found.value
  const { flow, sealed } = await newFlow(ports, id, user)
  const address = await talking(ports, found.value, async ({ authorization_endpoint: at = '' }) => {
    const url = URL.parse(at)
    if (!url || !mayBeAsked(url)) return null
    const asked = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: backAt(publicUrl),
      scope,
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
    }
    for (const [key, value] of Object.entries(asked)) url.searchParams.set(key, value)
    return url.href
  })
  if (!address.ok) return address
  if (address.value === null) return refuse('unavailable', say('identity.no_answer', { provider: name }))
  return ok({ url: address.value, flow: sealed })
}

/** For whoever signs in: each such question asks the provider, so that one address asks only so often. */
export async function askProvider(
  ports: Ports,
  { provider, publicUrl, origin }: { provider: string; publicUrl: string; origin: Origin },
): Promise<Result<Asked>> {
  const counted = await tryProvider(ports, origin)
  return counted.ok ? askOf(ports, provider, null, publicUrl) : counted
}

/** To link an account of one's own there. */
export const beginIdentity = read('identities.begin', {
  input: z.object({ provider: Ref, publicUrl: z.string() }),
  async run(context, { provider, publicUrl }) {
    const fresh = await freshSession(context)
    return fresh.ok ? askOf(context, provider, context.principal.user, publicUrl) : fresh
  },
})
