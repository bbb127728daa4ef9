import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Origin } from '../../domain/access/origin.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'
import { begin, type SignedIn } from '../sessions/begin.ts'
import { tryCode } from '../sessions/throttle.ts'
import { sha256 } from '../sha256.ts'
import { Asked } from './ask.ts'
import { isTotpCode, plainRecoveryCode, stepOf } from './codes.ts'

const wrong = () => refuse('unauthenticated', say('sign_in.wrong_code'))

/** The second step of signing in: a code of the app, or a recovery code. Challenge and code are used up in the batch that begins the session. */
export async function answerSecondFactor(
  ports: Ports,
  { challenge, code, origin }: { challenge: Secret; code: string; origin: Origin },
): Promise<Result<SignedIn>> {
  const { store } = ports
  const tokenHash = await sha256(challenge.reveal())
  const found = await store.signIn.challenge(tokenHash, 'second-factor')
  if (!found.ok) return found
  const asked = Asked.safeParse(found.value.data)
  const { user } = found.value
  if (user === null || !asked.success) return refuse('unauthenticated', say('sign_in.too_late'))
  // Before it is looked at: many at once are no way around.
  const missed = await store.commit([{ do: 'challenge.miss', tokenHash, most: limits.secondFactorTries }])
  if (!missed.ok) return missed.fault.code === 'conflict' ? refuse('unauthenticated', say('sign_in.too_late')) : missed

  const typed = code.replaceAll(/\s/g, '')
  const used = isTotpCode(typed) ? await byApp(ports, user, typed) : ok(await byPaper(user, typed))
  if (!used.ok) return used
  const begun = await begin(ports, { user, project: asked.data.project, origin }, [
    { do: 'challenge.use', tokenHash, kind: 'second-factor' },
    used.value,
  ])
  return begun.ok || begun.fault.code !== 'conflict' ? begun : wrong()
}

async function byApp(ports: Ports, user: Id<'user'>, code: string): Promise<Result<Change>> {
  const totp = await ports.store.signIn.totp(user)
  if (!totp.ok) return totp
  if (!totp.value || totp.value.confirmedAt === null) return wrong()
  const secret = await ports.secrets.open(totp.value.secret, `totp|${user}|secret`)
  if (!secret.ok) return secret
  const counted = await tryCode(ports, user)
  if (!counted.ok) return counted
  const step = stepOf(code, secret.value.reveal(), ports.clock.now())
  if (step === null || step <= totp.value.lastStep) return wrong()
  await counted.value.right()
  return ok({ do: 'totp.use', user, step })
}

/** Whether there is such a code is for the batch to say. */
const byPaper = async (user: Id<'user'>, code: string): Promise<Change> => ({
  do: 'recovery.use',
  user,
  hash: await sha256(plainRecoveryCode(code)),
})
