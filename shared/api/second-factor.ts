import { z } from 'zod'
import { Time } from './text.ts'

/** Of one's own sign-in: `since` when a code is asked for, null where none is, and how many recovery codes are left. */
export const SecondFactor = z.strictObject({ since: Time.nullable(), recoveryCodes: z.int() })
export type SecondFactor = z.output<typeof SecondFactor>

/** For an authenticator app, shown once: the secret in base 32, and the `otpauth:` address that a QR code of it holds. */
export const NewSecondFactor = z.strictObject({ secret: z.string(), address: z.string() })
export type NewSecondFactor = z.output<typeof NewSecondFactor>

/** What the app shows. */
export const ConfirmSecondFactor = z.strictObject({ code: z.string().min(6).max(20) })

/** Shown once; each gets in once in place of a code of the app. */
export const RecoveryCodes = z.strictObject({ codes: z.array(z.string()) })
export type RecoveryCodes = z.output<typeof RecoveryCodes>
