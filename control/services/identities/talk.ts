import { type Fault, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import * as oauth from 'oauth4webapi'
import type { IdentityProvider } from '../../domain/access/identity.ts'
import type { Outward } from '../../ports/outward.ts'
import type { Ports } from '../context.ts'
import { mayBeAsked } from '../outward-address.ts'

/** How the library asks a provider: by the one way outward. Its own rule for https gives way to ours, which is as strict but for allowed ranges. */
export interface Talk {
  readonly [oauth.customFetch]: (url: string, options: oauth.CustomFetchOptions<string, unknown>) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: true
}

/** What was refused on the way out, through a library that knows errors only. */
class Refusal extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

const talkOver = (outward: Outward): Talk => ({
  [oauth.allowInsecureRequests]: true,
  async [oauth.customFetch](url, { method, headers, body }) {
    const parsed = URL.parse(url)
    const text = body === undefined || body === null ? null : String(body)
    const answer =
      parsed && mayBeAsked(parsed)
        ? await outward.ask(url, { method, headers, body: text })
        : refuse('forbidden', 'it names an address that is not https')
    if (!answer.ok) throw new Refusal(answer.fault)
    const { status, headers: heads, body: read } = answer.value
    return new Response(status === 204 || status === 304 ? null : read, { status, headers: heads })
  },
})

/**
 * What is done with a provider, in its own words (its metadata, asked for anew each time). `unauthenticated` where it does not vouch as the
 * standard asks, `unavailable` where it cannot be asked; why is for the operator.
 */
export async function talking<T>(
  { outward }: Ports,
  { name, issuer }: Pick<IdentityProvider, 'name' | 'issuer'>,
  work: (server: oauth.AuthorizationServer, talk: Talk) => Promise<T>,
): Promise<Result<T>> {
  if (!outward) return refuse('unavailable', say('identity.no_answer', { provider: name }))
  const talk = talkOver(outward)
  let known = false
  try {
    const expected = new URL(issuer)
    const server = await oauth.processDiscoveryResponse(expected, await oauth.discoveryRequest(expected, talk))
    known = true
    return ok(await work(server, talk))
  } catch (error) {
    // Ours to mend, not a provider's doing.
    if (error instanceof TypeError && !('code' in error)) throw error
    const unable = !known || error instanceof Refusal
    const detail = error instanceof Error ? [error.message, causeOf(error)].filter(Boolean).join(': ') : String(error)
    return refuse(
      unable ? 'unavailable' : 'unauthenticated',
      say(unable ? 'identity.no_answer' : 'identity.refused', { provider: name }),
      {
        detail: detail.slice(0, 500),
      },
    )
  }
}

/** Codes of the standard's errors: never tokens. */
const causeOf = (error: Error): string =>
  'error' in error && typeof error.error === 'string' ? error.error : 'code' in error ? String(error.code) : ''
