import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { and, asc, count, eq, gt, inArray, isNull, max } from 'drizzle-orm'
import type { SignInReads } from '../../../ports/sign-in.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

/** How people show who they are. */
export function signInReads(database: Database): SignInReads {
  const { db, clock } = database
  return {
    async waitUntil(keys) {
      const rows = await database.read(() =>
        db
          .select({ until: max(s.signInTry.until) })
          .from(s.signInTry)
          .where(inArray(s.signInTry.key, [...keys])),
      )
      return rows.ok ? ok(first(rows.value)?.until ?? 0) : rows
    },
    async challenge(tokenHash, kind) {
      const rows = await database.read(() =>
        db
          .select({ user: s.challenge.user, data: s.challenge.data, tries: s.challenge.tries })
          .from(s.challenge)
          .where(and(eq(s.challenge.tokenHash, tokenHash), eq(s.challenge.kind, kind), gt(s.challenge.expiresAt, clock.now()))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('unauthenticated', say('sign_in.too_late'))
    },
    async totp(user) {
      const rows = await database.read(() =>
        db
          .select({ secret: s.totp.secret, confirmedAt: s.totp.confirmedAt, lastStep: s.totp.lastStep })
          .from(s.totp)
          .where(eq(s.totp.user, user)),
      )
      return rows.ok ? ok(first(rows.value)) : rows
    },
    async recoveryCodes(user) {
      const rows = await database.read(() =>
        db.select({ left: count() }).from(s.recoveryCode).where(eq(s.recoveryCode.user, user)),
      )
      return rows.ok ? ok(first(rows.value)?.left ?? 0) : rows
    },
    async passkeys(user, page) {
      const rows = await database.read(() =>
        db
          .select({
            id: s.passkey.id,
            name: s.passkey.name,
            credential: s.passkey.credential,
            transports: s.passkey.transports,
            backedUp: s.passkey.backedUp,
            createdAt: s.passkey.createdAt,
            lastUsedAt: s.passkey.lastUsedAt,
          })
          .from(s.passkey)
          .where(and(eq(s.passkey.user, user), page.after === null ? undefined : gt(s.passkey.id, page.after as Id<'passkey'>)))
          .orderBy(asc(s.passkey.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async passkey(credential) {
      const rows = await database.read(() =>
        db
          .select({
            id: s.passkey.id,
            user: s.passkey.user,
            project: s.membership.project,
            publicKey: s.passkey.publicKey,
            counter: s.passkey.counter,
          })
          .from(s.passkey)
          .innerJoin(s.user, and(eq(s.user.id, s.passkey.user), isNull(s.user.disabledAt)))
          .innerJoin(s.membership, eq(s.membership.user, s.passkey.user))
          .where(eq(s.passkey.credential, credential))
          .orderBy(asc(s.membership.project))
          .limit(1),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', say('passkey.wrong'))
    },
    async session(id) {
      const rows = await database.read(() =>
        db.select({ createdAt: s.session.createdAt }).from(s.session).where(eq(s.session.id, id)),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('unauthenticated', 'this session has ended; sign in again')
    },
  }
}
