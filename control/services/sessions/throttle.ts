import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { type Origin, prefixOf } from '../../domain/access/origin.ts'
import type { TryKey } from '../../ports/sign-in.ts'
import type { Ports } from '../context.ts'
import { sha256 } from '../sha256.ts'

/** A try that counts as failed until it is told that it did not. */
export interface Try {
  /** It was right: what failed before from here to this account is forgotten. */
  right(): Promise<void>
  /** Nobody looked at it. */
  unlooked(): Promise<void>
}

/**
 * A password for an account, from somewhere: refused (`throttled`) after too many that failed for this account from the same address, or for
 * any account from it. What others do elsewhere never counts, so that nobody is locked out of their account by an attacker at another address.
 */
export async function tryPassword(ports: Ports, account: string, origin: Origin): Promise<Result<Try>> {
  const prefix = prefixOf(origin)
  const [here, address] = await Promise.all([sha256(`account|${account}|${prefix}`), sha256(`address|${prefix}`)])
  return counted(ports, [
    { key: here, free: limits.signInTries },
    { key: address, free: limits.signInTriesOfAddress },
  ])
}

/**
 * A code for an account. A million codes are few for somebody who has the password and many addresses: these are counted wherever they come
 * from. Passkeys and recovery codes are not, so that who is kept from codes by such an attacker still comes in.
 */
export const tryCode = async (ports: Ports, user: string): Promise<Result<Try>> =>
  counted(ports, [{ key: await sha256(`code|${user}`), free: limits.signInCodes }])

/** A way to an identity provider or back: each asks it something, so that one address asks only so often. */
export const tryProvider = async (ports: Ports, origin: Origin): Promise<Result<Try>> =>
  counted(ports, [{ key: await sha256(`provider|${prefixOf(origin)}`), free: limits.signInTriesOfAddress }])

/** The first of `keys` is the account's, which a right try clears. */
async function counted({ store, clock }: Ports, keys: readonly TryKey[]): Promise<Result<Try>> {
  const all = keys.map(({ key }) => key)
  const written = await store.commit([{ do: 'sign-in.try', keys }])
  if (!written.ok) {
    if (written.fault.code !== 'conflict') return written
    const until = await store.signIn.waitUntil(all)
    if (!until.ok) return until
    const seconds = Math.max(1, Math.ceil((until.value - clock.now()) / 1_000))
    return refuse('throttled', say('sign_in.wait', { seconds: String(seconds) }), { retryAfter: seconds })
  }
  // A database that does not take these makes the next try wait, and refuses nobody now.
  return ok({
    async right() {
      await store.commit([{ do: 'sign-in.untry', keys: all.slice(1), forget: all.slice(0, 1) }])
    },
    async unlooked() {
      await store.commit([{ do: 'sign-in.untry', keys: all, forget: [] }])
    },
  })
}
