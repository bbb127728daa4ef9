import { z } from 'zod'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

const Role = z.enum(['viewer', 'operator', 'owner'])

/** Who is in the group has the role in the project. */
const Grant = z.strictObject({ group: z.string(), project: z.string(), role: Role })

/** Somebody who vouches for people (OpenID Connect); its secret is shown to nobody. */
export const IdentityProvider = z.strictObject({
  id: z.string(),
  /** As it stands on the sign-in page. */
  name: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  /** What is asked for, with spaces between. */
  scope: z.string(),
  /** The claim that names a person's groups. */
  claim: z.string(),
  grants: z.array(Grant),
  createdAt: Time,
})
export type IdentityProvider = z.output<typeof IdentityProvider>
export const IdentityProviderPage = pageOf(IdentityProvider)
export const IdentityProviderParams = z.strictObject({ id: z.string().min(3).max(64) })

const told = {
  name: z.string().min(1).max(255),
  clientId: z.string().min(1).max(255),
  secret: z.string().min(1).max(1_000),
  /** Without it `openid email`. */
  scope: z.string().max(500).optional(),
  /** Without it `groups`. */
  claim: z.string().min(1).max(255).optional(),
  /** `project` by id or name. */
  grants: z
    .array(z.strictObject({ group: z.string().min(1).max(255), project: z.string().min(1).max(255), role: Role }))
    .max(200)
    .optional(),
}
/** `issuer`: as it calls itself, by https; on one machine also an address by number that `SIROCCO_EGRESS_ALLOW` names. */
export const NewIdentityProvider = z.strictObject({ ...told, issuer: z.string().min(8).max(500) })
/** What is not named stays. The issuer always does: another is another provider. */
export const ChangeIdentityProvider = z.strictObject(told).partial()

/** What the sign-in page shows. */
export const NamedProviders = z.strictObject({ items: z.array(z.strictObject({ id: z.string(), name: z.string() })) })
export type NamedProviders = z.output<typeof NamedProviders>
export const AskProvider = z.strictObject({ provider: z.string().min(3).max(64) })
/** The browser goes to `url`, keeps `flow`, and comes back to `/sign-in/back` with an answer in its query. */
export const AskedProvider = z.strictObject({ url: z.string(), flow: z.string() })
export type AskedProvider = z.output<typeof AskedProvider>
/** `answer`: the query as it came. */
export const ProviderAnswer = z.strictObject({ flow: z.string().min(16).max(4_000), answer: z.string().min(1).max(8_000) })

/** An account of yours at a provider: it signs you in. */
export const Identity = z.strictObject({ provider: z.string(), name: z.string(), createdAt: Time, lastUsedAt: Time.nullable() })
export type Identity = z.output<typeof Identity>
export const IdentityPage = pageOf(Identity)
