import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { and, asc, eq, gt, isNull, or, type SQL } from 'drizzle-orm'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first } from './page.ts'

/** Who somebody is, by what they show. */
export function accessReads(database: Database): Pick<Store, 'access' | 'tokens'> {
  const { db, clock } = database
  const live = (kind: 'session' | 'link', tokenHash: string): SQL | undefined =>
    and(eq(s.session.tokenHash, tokenHash), eq(s.session.kind, kind), gt(s.session.expiresAt, clock.now()))
  const person = {
    user: s.user.id,
    email: s.user.email,
    project: s.project.id,
    projectName: s.project.name,
    account: s.project.account,
    role: s.membership.role,
  }
  return {
    access: {
      async bySession(tokenHash) {
        const rows = await database.read(() =>
          db
            .select({ ...person, session: s.session.id, lastUsedAt: s.session.lastUsedAt })
            .from(s.session)
            .innerJoin(s.user, and(eq(s.user.id, s.session.user), isNull(s.user.disabledAt)))
            .innerJoin(s.project, eq(s.project.id, s.session.project))
            .innerJoin(s.membership, and(eq(s.membership.user, s.session.user), eq(s.membership.project, s.session.project)))
            .where(live('session', tokenHash)),
        )
        if (!rows.ok) return rows
        const found = first(rows.value)
        if (!found) return refuse('unauthenticated', 'this session has ended; sign in again')
        const { session, lastUsedAt, ...principal } = found
        return ok({ lastUsedAt, principal: { ...principal, via: { kind: 'session', id: session } } })
      },
      async byLink(tokenHash) {
        const rows = await database.read(() =>
          db
            .select({ user: s.session.user, project: s.session.project })
            .from(s.session)
            .innerJoin(s.user, and(eq(s.user.id, s.session.user), isNull(s.user.disabledAt)))
            .where(live('link', tokenHash)),
        )
        if (!rows.ok) return rows
        const found = first(rows.value)
        return found
          ? ok(found)
          : refuse('unauthenticated', 'this sign-in link was used or has expired; sign in with your password')
      },
      async byEmail(email) {
        const rows = await database.read(() =>
          db
            .select({ user: s.user.id, project: s.membership.project, password: s.user.password })
            .from(s.user)
            .innerJoin(s.membership, eq(s.membership.user, s.user.id))
            .where(and(eq(s.user.email, email), isNull(s.user.disabledAt)))
            .orderBy(asc(s.membership.project))
            .limit(1),
        )
        if (!rows.ok) return rows
        const found = first(rows.value)
        return found ? ok(found) : refuse('unauthenticated', 'this e-mail address and password do not match')
      },
      async byAccessKey(accessKeyId) {
        const rows = await database.read(() =>
          db
            .select({
              ...person,
              id: s.accessKey.id,
              sealedSecret: s.accessKey.secret,
              lastUsedAt: s.accessKey.lastUsedAt,
              expiresAt: s.accessKey.expiresAt,
            })
            .from(s.accessKey)
            .innerJoin(s.user, and(eq(s.user.id, s.accessKey.user), isNull(s.user.disabledAt)))
            .innerJoin(s.project, eq(s.project.id, s.accessKey.project))
            .innerJoin(s.membership, and(eq(s.membership.user, s.accessKey.user), eq(s.membership.project, s.accessKey.project)))
            .where(
              and(
                eq(s.accessKey.accessKeyId, accessKeyId),
                or(isNull(s.accessKey.expiresAt), gt(s.accessKey.expiresAt, clock.now())),
              ),
            ),
        )
        if (!rows.ok) return rows
        const found = first(rows.value)
        if (!found) return refuse('unauthenticated', 'this access key does not exist, or has expired')
        const { id, sealedSecret, lastUsedAt, expiresAt, ...principal } = found
        return ok({ id, sealedSecret, lastUsedAt, principal: { ...principal, via: { kind: 'key', accessKeyId, expiresAt } } })
      },
    },
    tokens: {
      async find(principal, verb, token) {
        const rows = await database.read(() =>
          db
            .select({ requestHash: s.token.requestHash, answer: s.token.answer })
            .from(s.token)
            .where(and(eq(s.token.principal, principal), eq(s.token.verb, verb), eq(s.token.token, token))),
        )
        return rows.ok ? ok(first(rows.value)) : rows
      },
    },
  }
}
