import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { toBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { sha256 } from '../sha256.ts'

const Flow = z.object({
  provider: z.string(),
  /** Comes back with the answer (RFC 6749, 10.12), in the token (OpenID Connect Core, 3.1.2.1), and with the code (RFC 7636). */
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** Who links an account of theirs; null: whoever signs in. */
  user: z.string().nullable(),
  expiresAt: z.int(),
})
/** One way to a provider and back, of one browser. */
export type Flow = z.output<typeof Flow>

const place = 'challenge||identity'

/**
 * Kept by the browser that goes, sealed: who asks for one costs the database nothing, and an answer that another browser was sent for does
 * not fit.
 */
export async function newFlow(
  { random, clock, secrets }: Ports,
  provider: Id<'identityProvider'>,
  user: Id<'user'> | null,
): Promise<{ readonly flow: Flow; readonly sealed: Secret }> {
  const chance = () => toBase64Url(random.bytes(32))
  const expiresAt = clock.now() + limits.identityFlow
  const flow = { provider, state: chance(), nonce: chance(), verifier: chance(), user, expiresAt }
  return { flow, sealed: new Secret(await secrets.seal(new Secret(JSON.stringify(flow)), place)) }
}

/** The one that this is, where it is good still and `user`'s, and what uses it up: guard `conflict` where it was. */
export async function openedFlow(
  { clock, secrets }: Ports,
  sealed: Secret,
  user: Id<'user'> | null,
): Promise<Result<{ readonly flow: Flow; readonly spend: Change }>> {
  const opened = await secrets.open(sealed.reveal(), place)
  const flow = opened.ok ? Flow.safeParse(jsonOf(opened.value.reveal())).data : undefined
  if (flow === undefined || flow.user !== user || flow.expiresAt <= clock.now())
    return refuse('unauthenticated', say('sign_in.too_late'))
  const spend = {
    do: 'challenge.spend',
    tokenHash: await sha256(flow.state),
    kind: 'identity',
    expiresAt: flow.expiresAt,
  } as const
  return ok({ flow, spend })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
