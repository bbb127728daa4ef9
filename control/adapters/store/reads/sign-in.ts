import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { and, count, eq, gt, inArray, max } from 'drizzle-orm'
import type { SignInReads } from '../../../ports/sign-in.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first } from './page.ts'

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
