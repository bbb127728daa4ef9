import { z } from 'zod'

/** By password, or by a one-time sign-in link's token. */
export const SignIn = z.union([
  z.strictObject({ email: z.string().min(3).max(254), password: z.string().min(1).max(1_000) }),
  z.strictObject({ link: z.string().min(16).max(200) }),
])
export type SignIn = z.input<typeof SignIn>

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
