import { type VerifiedRegistrationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import { Attestation } from '@sirocco/shared/api/passkeys.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Passkey } from '../../domain/access/passkey.ts'
import { toBase64 } from '../base64.ts'
import { Name } from '../inputs.ts'
import { freshSession } from '../sessions/fresh.ts'
import { type Decision, write } from '../verb.ts'
import { answered } from './challenge.ts'
import { siteOf } from './site.ts'

/** Takes a passkey that a browser made, with a user who was verified. */
export const addPasskey = write('passkeys.add', {
  input: z.object({ publicUrl: z.string(), name: Name, response: Attestation }),
  async run(context, { publicUrl, name, response }): Promise<Result<Decision<Passkey>>> {
    const site = siteOf(publicUrl)
    if (!site) return refuse('unsupported', say('passkey.no_site'))
    const fresh = await freshSession(context)
    if (!fresh.ok) return fresh
    const { user } = context.principal
    const signed = await answered(context, { kind: 'passkey-add', user }, response.response.clientDataJSON)
    if (!signed.ok) return signed
    const made = await verifyRegistrationResponse({
      response,
      expectedChallenge: signed.value.challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.domain,
      requireUserVerification: true,
    }).catch((): VerifiedRegistrationResponse => ({ verified: false }))
    if (!made.verified) return refuse('invalid', say('passkey.refused'), { field: 'response' })
    const { credential, credentialBackedUp: backedUp } = made.registrationInfo
    const passkey = {
      id: context.ids.make('passkey'),
      name,
      credential: credential.id,
      transports: response.response.transports ?? [],
      backedUp,
    }
    return ok({
      answer: { ...passkey, createdAt: context.clock.now(), lastUsedAt: null },
      subjects: [passkey.id],
      changes: [
        signed.value.spend,
        {
          do: 'passkey.insert',
          passkey,
          user,
          publicKey: toBase64(credential.publicKey),
          counter: credential.counter,
          limit: limits.passkeys,
        },
        { do: 'event', project: null, type: 'passkey.added', subject: passkey.id },
      ],
    })
  },
})
