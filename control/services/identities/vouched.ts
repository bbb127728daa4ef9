import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import * as oauth from 'oauth4webapi'
import { z } from 'zod'
import type { IdentityProvider } from '../../domain/access/identity.ts'
import type { Ports } from '../context.ts'
import { secretPlace } from '../identity-providers/input.ts'
import { backAt } from './ask.ts'
import type { Flow } from './flow.ts'
import { talking } from './talk.ts'

/** What a provider says of a person. */
export interface Vouched {
  /** Theirs there for good. */
  readonly subject: string
  /** null: none that it has seen to be theirs. */
  readonly email: string | null
  readonly groups: readonly string[]
}

const Subject = z.string().min(1).max(255)
const Email = z.object({
  email: z.string().trim().toLowerCase().max(254).pipe(z.email()),
  // Some write it as text.
  email_verified: z.union([z.literal(true), z.literal('true')]),
})
const Groups = z.union([z.array(z.string()), z.string().transform(one => [one])])

/**
 * By the code in `answer`, the query that a browser came back with (OpenID Connect Core, 3.1.3): its state, the token's signature, issuer,
 * audience, times and nonce are looked at. What the token does not say is asked for at the provider's userinfo.
 */
export async function vouchedFor(
  ports: Ports,
  provider: IdentityProvider & { readonly secret: string },
  { flow, answer, publicUrl }: { flow: Flow; answer: string; publicUrl: string },
): Promise<Result<Vouched>> {
  const secret = await ports.secrets.open(provider.secret, secretPlace(provider.id))
  if (!secret.ok) return secret
  return talking(ports, provider, async (server, talk) => {
    // Times are by our clock: how far it is from the machine's, in seconds.
    const skew = Math.round((ports.clock.now() - Date.now()) / 1_000)
    const client: oauth.Client = { client_id: provider.clientId, [oauth.clockSkew]: skew }
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const shown = secret.value.reveal()
    const authentication = methods.includes('client_secret_basic')
      ? oauth.ClientSecretBasic(shown)
      : oauth.ClientSecretPost(shown)
    const parameters = oauth.validateAuthResponse(server, client, new URLSearchParams(answer), flow.state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      backAt(publicUrl),
      flow.verifier,
      talk,
    )
    const token = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: flow.nonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(server, response, talk)
    const id = oauth.getValidatedIdTokenClaims(token)
    if (!id) throw new oauth.OperationProcessingError('there is no token of who it is')
    const subject = Subject.parse(id.sub)
    const lacking = id.email === undefined || id[provider.claim] === undefined
    const more =
      lacking && server.userinfo_endpoint !== undefined
        ? await oauth.processUserInfoResponse(
            server,
            client,
            subject,
            await oauth.userInfoRequest(server, client, token.access_token, talk),
          )
        : {}
    // An address is taken with the word on it from the same place.
    const email = Email.safeParse(id.email === undefined ? more : id)
    const groups = Groups.safeParse(id[provider.claim] ?? Reflect.get(more, provider.claim))
    return {
      subject,
      email: email.success ? email.data.email : null,
      groups: groups.success ? groups.data.slice(0, limits.identityGroups) : [],
    }
  })
}
