import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Origin } from '../../domain/access/origin.ts'
import type { Change } from '../../ports/changes.ts'
import { toBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { begin, type SignedIn } from '../sessions/begin.ts'
import { sha256 } from '../sha256.ts'

/** The password was right, and a code is asked for besides: answered with `challenge`, once and soon. */
export interface SecondFactorAsked {
  readonly challenge: Secret
}

/** What is kept beside the challenge: where the session is to begin. */
export const Asked = z.object({ project: z.custom<Id<'project'>>(value => typeof value === 'string') })

/** A session of who has shown their password, or what is asked for besides; either in one batch behind `first`. */
export async function beginOrAsk(
  ports: Ports,
  who: { user: Id<'user'>; project: Id<'project'>; origin: Origin },
  first: readonly Change[],
): Promise<Result<SignedIn | SecondFactorAsked>> {
  const { store, random, clock } = ports
  const { user, project } = who
  const totp = await store.signIn.totp(user)
  if (!totp.ok) return totp
  if (!totp.value || totp.value.confirmedAt === null) return begin(ports, who, first)
  const challenge = new Secret(toBase64Url(random.bytes(32)))
  const written = await store.commit([
    ...first,
    {
      do: 'challenge.insert',
      tokenHash: await sha256(challenge.reveal()),
      kind: 'second-factor',
      user,
      data: { project } satisfies z.input<typeof Asked>,
      expiresAt: clock.now() + limits.secondFactor,
    },
  ])
  return written.ok ? ok({ challenge }) : written
}
