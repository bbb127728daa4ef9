import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from '@simplewebauthn/browser'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import type { PasskeyOptions, SignIn } from '../api/types.ts'

/** What the browser and the device do with their person. Loaded when somebody uses a passkey, and not before. */

/** Has the device make a passkey, and hands it in. */
export async function makePasskey(name: string): Promise<void> {
  const optionsJSON = made<PublicKeyCredentialCreationOptionsJSON>(await calls.beginPasskey())
  const response = await startRegistration({ optionsJSON }).catch(refused)
  await calls.addPasskey({ name, response })
}

/** Has the device sign, and answers what to sign in by. */
export async function showPasskey(): Promise<SignIn> {
  const optionsJSON = made<PublicKeyCredentialRequestOptionsJSON>(await calls.askPasskey())
  return { passkey: await startAuthentication({ optionsJSON }).catch(refused) }
}

/** Made by the server's library for the browser's; what the API says of it is only that it has a challenge. */
const made = <T extends { readonly challenge: string }>(options: PasskeyOptions): T => options as unknown as T

/** A device or person that said no; the browser's own words are for developers. */
function refused(error: unknown): never {
  if (error instanceof WebAuthnError || error instanceof DOMException)
    throw new Problem('precondition', 0, error.message, null, null, { key: 'passkey.cancelled' })
  throw error
}
