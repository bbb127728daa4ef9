import { z } from 'zod'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

/** A key that a device of yours keeps and signs you in with. */
export const Passkey = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** It is on more than one device. */
  backedUp: z.boolean(),
  createdAt: Time,
  lastUsedAt: Time.nullable(),
})
export type Passkey = z.output<typeof Passkey>
export const PasskeyPage = pageOf(Passkey)
export const PasskeyParams = z.strictObject({ id: z.string().min(3).max(64) })
export const RenamePasskey = z.strictObject({ name: z.string().min(1).max(255) })

/** For `navigator.credentials.create` or `.get`, as JSON (WebAuthn, 5.8). */
export const PasskeyOptions = z.looseObject({ challenge: z.string() })
export type PasskeyOptions = z.output<typeof PasskeyOptions>

/** In base64url, as `PublicKeyCredential.toJSON` gives it; further members are not looked at. */
const Bytes = z.string().max(20_000)
const credential = { id: Bytes, rawId: Bytes, type: z.literal('public-key'), clientExtensionResults: z.object({}) }

/** Of a passkey that was made. */
export const Attestation = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: Bytes,
    attestationObject: Bytes,
    /** How the device is reached. */
    transports: z.array(z.string().max(20)).max(10).exactOptional(),
  }),
})

/** Of a passkey that signed. */
export const Assertion = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: Bytes,
    authenticatorData: Bytes,
    signature: Bytes,
    userHandle: Bytes.exactOptional(),
  }),
})
export type Assertion = z.output<typeof Assertion>

export const NewPasskey = z.strictObject({ name: z.string().min(1).max(255), response: Attestation })
export const SignInByPasskey = z.strictObject({ passkey: Assertion })
