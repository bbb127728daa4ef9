import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { and, asc, count, eq, gt, inArray, isNull, max, or } from 'drizzle-orm'
import type { SignInReads } from '../../../ports/sign-in.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

const providerColumns = {
  id: s.identityProvider.id,
  name: s.identityProvider.name,
  issuer: s.identityProvider.issuer,
  clientId: s.identityProvider.clientId,
  scope: s.identityProvider.scope,
  claim: s.identityProvider.claim,
  grants: s.identityProvider.grants,
  createdAt: s.identityProvider.createdAt,
}

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
    async providers(page) {
      const rows = await database.read(() =>
        db
          .select(providerColumns)
          .from(s.identityProvider)
          .where(page.after === null ? undefined : gt(s.identityProvider.id, page.after as Id<'identityProvider'>))
          .orderBy(asc(s.identityProvider.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async provider(id) {
      const rows = await database.read(() =>
        db
          .select({ ...providerColumns, secret: s.identityProvider.secret })
          .from(s.identityProvider)
          .where(eq(s.identityProvider.id, id as Id<'identityProvider'>)),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', `there is no identity provider ${id}`, { field: 'provider' })
    },
    async known(provider, subject) {
      const rows = await database.read(() =>
        db
          .select({
            user: s.user.id,
            disabledAt: s.user.disabledAt,
            project: s.membership.project,
            role: s.membership.role,
            givenBy: s.membership.givenBy,
          })
          .from(s.identity)
          .innerJoin(s.user, eq(s.user.id, s.identity.user))
          .leftJoin(s.membership, eq(s.membership.user, s.identity.user))
          .where(and(eq(s.identity.provider, provider), eq(s.identity.subject, subject)))
          .orderBy(asc(s.membership.project))
          .limit(limits.bulk),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      if (!found) return ok(null)
      const held = rows.value.flatMap(({ project, role, givenBy }) =>
        project === null || role === null ? [] : [{ project, role, givenBy }],
      )
      return ok({ user: found.user, disabledAt: found.disabledAt, held })
    },
    async identities(user, page) {
      const rows = await database.read(() =>
        db
          .select({
            provider: s.identity.provider,
            name: s.identityProvider.name,
            createdAt: s.identity.createdAt,
            lastUsedAt: s.identity.lastUsedAt,
          })
          .from(s.identity)
          .innerJoin(s.identityProvider, eq(s.identityProvider.id, s.identity.provider))
          .where(
            and(
              eq(s.identity.user, user),
              page.after === null ? undefined : gt(s.identity.provider, page.after as Id<'identityProvider'>),
            ),
          )
          .orderBy(asc(s.identity.provider))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.provider)) : rows
    },
    projects: refs =>
      database.read(() =>
        db
          .select({ id: s.project.id, name: s.project.name })
          .from(s.project)
          .where(or(inArray(s.project.id, refs as Id<'project'>[]), inArray(s.project.name, [...refs]))),
      ),
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
