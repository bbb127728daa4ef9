import { z } from 'zod'
import { ProviderAnswer } from './identities.ts'
import { SignInByPasskey } from './passkeys.ts'

/**
 * By password, by a one-time sign-in link's token, or by that of an invitation: whoever is new chooses their password with it, whoever has an
 * account shows theirs. Whoever is asked for a second factor then answers `challenge` with a code of their app, or a recovery code.
 */
export const SignIn = z.union([
  z.strictObject({ email: z.string().min(3).max(254), password: z.string().min(1).max(1_000) }),
  z.strictObject({ link: z.string().min(16).max(200) }),
  z.strictObject({ invitation: z.string().min(16).max(200), password: z.string().min(1).max(1_000) }),
  z.strictObject({ challenge: z.string().min(16).max(200), code: z.string().min(6).max(40) }),
  SignInByPasskey,
  ProviderAnswer,
])
export type SignIn = z.input<typeof SignIn>

/** `old` by who has one. At least 12 characters. */
export const ChangePassword = z.strictObject({ old: z.string().min(1).max(1_000).optional(), new: z.string().max(1_000) })

/** Who asks, as what, and what they are working with. */
export const Me = z.strictObject({
  user: z.strictObject({ id: z.string(), email: z.string() }),
  /** `account`: 12 digits, the project's EC2 account. */
  project: z.strictObject({ id: z.string(), name: z.string(), account: z.string() }),
  role: z.enum(['viewer', 'operator', 'owner', 'admin']),
  via: z.enum(['session', 'key']),
  /** Hosts of this installation are simulated: machines are not real. */
  simulated: z.boolean(),
  region: z.string(),
  ec2Endpoint: z.string(),
})
export type Me = z.output<typeof Me>

/** A session has begun; or a second factor is asked for: sign in once more with `challenge` and a code, within five minutes. */
export const SignInAnswer = z.union([Me, z.strictObject({ challenge: z.string() })])
export type SignInAnswer = z.output<typeof SignInAnswer>
