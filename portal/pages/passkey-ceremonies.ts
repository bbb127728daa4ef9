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

/** Has the device make a passkey, and hands it in. `unwilling`: what the reader is told where device, browser or person did not go on. */
export async function makePasskey(name: string, unwilling: string): Promise<void> {
  const optionsJSON = made<PublicKeyCredentialCreationOptionsJSON>(await calls.beginPasskey())
  const response = await startRegistration({ optionsJSON }).catch(error => refused(error, unwilling))
  await calls.addPasskey({ name, response })
}

/** Has the device sign, and answers what to sign in by. */
export async function showPasskey(unwilling: string): Promise<SignIn> {
  const optionsJSON = made<PublicKeyCredentialRequestOptionsJSON>(await calls.askPasskey())
  const shown = await startAuthentication({ optionsJSON }).catch(error => refused(error, unwilling))
  return { passkey: { ...shown, clientExtensionResults: {} } }
}

/** Made by the server's library for the browser's; what the API says of it is only that it has a challenge. */
const made = <T extends { readonly challenge: string }>(options: PasskeyOptions): T => options as unknown as T

/** The browser's own words are for developers. */
function refused(error: unknown, unwilling: string): never {
  if (error instanceof WebAuthnError || error instanceof DOMException) throw new Problem('precondition', 0, unwilling, null, null)
  throw error
}
