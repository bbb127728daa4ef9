import { generateRegistrationOptions } from '@simplewebauthn/server'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { freshSession } from '../sessions/fresh.ts'
import { read } from '../verb.ts'
import { newChallenge } from './challenge.ts'
import { siteOf } from './site.ts'

/** What a browser is to make a passkey of one's own by: on a device that asks for a finger, a face or a PIN. */
export const beginPasskey = read('passkeys.begin', {
  input: z.object({ publicUrl: z.string() }),
  async run(context, { publicUrl }) {
    const site = siteOf(publicUrl)
    if (!site) return refuse('unsupported', say('passkey.no_site'))
    const fresh = await freshSession(context)
    if (!fresh.ok) return fresh
    const { user, email } = context.principal
    const page = { after: null, limit: limits.passkeys }
    const own = await context.store.signIn.passkeys(user, page)
    if (!own.ok) return own
    return ok(
      await generateRegistrationOptions({
        rpName: 'Sirocco',
        rpID: site.domain,
        userID: new Uint8Array(new TextEncoder().encode(user)),
        userName: email,
        challenge: await newChallenge(context, { kind: 'passkey-add', user }),
        timeout: limits.secondFactor,
        excludeCredentials: own.value.items.map(({ credential, transports }) => ({
          id: credential,
          transports: [...transports],
        })),
        // EdDSA, ES256, RS256: what devices have.
        supportedAlgorithmIDs: [-8, -7, -257],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      }),
    )
  },
})
