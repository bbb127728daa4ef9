import { limits } from '@sirocco/shared/model/limits.ts'
import { and, eq, gt, isNull, lt, ne, type SQL, sql } from 'drizzle-orm'
import type { SignInChange } from '../../ports/sign-in.ts'
import * as s from './schema.ts'
import { unless, type Write } from './write.ts'

/** One more: those of long ago are forgotten, and each beyond `free` makes the next wait twice as long. */
function counted(key: string, free: number, now: number): SQL {
  const forgotten = sql`at < ${now - limits.signInMemory}`
  const wait = sql`min(${limits.signInWaitMost}, ${limits.signInWait} << min(tries + 1 - ${free}, 16))`
  return sql`INSERT INTO sign_in_try (key, tries, until, at) VALUES (${key}, 1, 0, ${now}) ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN ${forgotten} THEN 1 ELSE tries + 1 END,
    until = CASE WHEN ${forgotten} OR tries + 1 < ${free} THEN 0 ELSE ${now} + ${wait} END,
    at = ${now}`
}

/** Memberships, with what their people hold in those projects. */
const takenAway = (where: SQL): SQL[] => [
  sql`DELETE FROM session WHERE (user, project) IN (SELECT user, project FROM membership WHERE ${where})`,
  sql`DELETE FROM access_key WHERE (user, project) IN (SELECT user, project FROM membership WHERE ${where})`,
  sql`DELETE FROM membership WHERE ${where}`,
]

/** How people show who they are: how each change is written. */
export const signInWrites: { readonly [D in SignInChange['do']]: Write<D> } = {
  'sign-in.try': ({ keys }, { now }) => [
    ...keys.map(
      ({ key }) => sql`INSERT INTO guard (conflict) SELECT 1 FROM sign_in_try WHERE key = ${key} AND until > ${now} LIMIT 1`,
    ),
    ...keys.map(({ key, free }) => counted(key, free, now)),
  ],
  'sign-in.untry': ({ keys, forget }, { database: { db } }) => [
    ...keys.map(key => sql`UPDATE sign_in_try SET tries = max(0, tries - 1), until = 0 WHERE key = ${key}`),
    ...forget.map(key => db.delete(s.signInTry).where(eq(s.signInTry.key, key))),
  ],
  'challenge.insert': ({ do: _, ...row }, { database: { db } }) => [db.insert(s.challenge).values(row)],
  'challenge.use': ({ tokenHash, kind }, { database: { db }, now }) => [
    db
      .delete(s.challenge)
      .where(and(eq(s.challenge.tokenHash, tokenHash), eq(s.challenge.kind, kind), gt(s.challenge.expiresAt, now))),
    unless('conflict'),
  ],
  'challenge.spend': ({ do: _, ...row }, { database: { db } }) => [
    db.insert(s.challenge).values({ ...row, user: null, data: null }),
  ],
  'challenge.miss': ({ tokenHash, most }) => [
    sql`UPDATE challenge SET tries = tries + 1 WHERE ${sql.identifier('tokenHash')} = ${tokenHash} AND tries < ${most}`,
    unless('conflict'),
  ],
  'totp.begin': ({ user, secret }, { database: { db }, now }) => [
    db.delete(s.totp).where(and(eq(s.totp.user, user), isNull(s.totp.confirmedAt))),
    db.insert(s.totp).values({ user, secret, createdAt: now }),
  ],
  'totp.confirm': ({ user, secret, step }, { database: { db }, now }) => [
    db
      .update(s.totp)
      .set({ confirmedAt: now, lastStep: step })
      .where(and(eq(s.totp.user, user), eq(s.totp.secret, secret), isNull(s.totp.confirmedAt))),
    unless('stale'),
  ],
  'totp.use': ({ user, step }, { database: { db } }) => [
    db
      .update(s.totp)
      .set({ lastStep: step })
      .where(and(eq(s.totp.user, user), lt(s.totp.lastStep, step))),
    unless('conflict'),
  ],
  'totp.drop': ({ user }, { database: { db } }) => [
    db.delete(s.totp).where(eq(s.totp.user, user)),
    db.delete(s.recoveryCode).where(eq(s.recoveryCode.user, user)),
  ],
  'recovery.set': ({ user, hashes }, { database: { db } }) => [
    db.delete(s.recoveryCode).where(eq(s.recoveryCode.user, user)),
    db.insert(s.recoveryCode).values(hashes.map(hash => ({ user, hash }))),
  ],
  'recovery.use': ({ user, hash }, { database: { db } }) => [
    db.delete(s.recoveryCode).where(and(eq(s.recoveryCode.user, user), eq(s.recoveryCode.hash, hash))),
    unless('conflict'),
  ],
  'passkey.insert': ({ passkey, limit, do: _, ...row }, { database: { db }, now }) => [
    db.insert(s.passkey).values({ ...passkey, ...row, createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM passkey WHERE user = ${row.user}) > ${limit}`,
  ],
  'passkey.used': ({ id, counter, to, backedUp }, { database: { db }, now }) => [
    db
      .update(s.passkey)
      .set({ counter: to, backedUp, lastUsedAt: now })
      .where(and(eq(s.passkey.id, id), eq(s.passkey.counter, counter))),
    unless('stale'),
  ],
  'passkey.rename': ({ id, name }, { database: { db } }) => [db.update(s.passkey).set({ name }).where(eq(s.passkey.id, id))],
  'passkey.delete': ({ id }, { database: { db } }) => [db.delete(s.passkey).where(eq(s.passkey.id, id))],
  'identity-provider.insert': ({ provider, secret, limit }, { database: { db }, now }) => [
    db.insert(s.identityProvider).values({ ...provider, secret, createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM identity_provider) > ${limit}`,
  ],
  'identity-provider.change': ({ provider: { id, ...change }, secret }, { database: { db } }) => [
    db
      .update(s.identityProvider)
      // An update of nothing is no statement.
      .set({ id, ...change, ...(secret === undefined ? {} : { secret }) })
      .where(eq(s.identityProvider.id, id)),
    unless('conflict'),
  ],
  'identity-provider.delete': ({ id }, { database: { db } }) => [
    ...takenAway(sql`${sql.identifier('givenBy')} = ${id}`),
    db.delete(s.identity).where(eq(s.identity.provider, id)),
    db.delete(s.identityProvider).where(eq(s.identityProvider.id, id)),
  ],
  'identity.insert': ({ do: _, ...row }, { database: { db }, now }) => [db.insert(s.identity).values({ ...row, createdAt: now })],
  'identity.used': ({ provider, subject, user }, { database: { db }, now }) => [
    db
      .update(s.identity)
      .set({ lastUsedAt: now })
      .where(and(eq(s.identity.provider, provider), eq(s.identity.subject, subject), eq(s.identity.user, user))),
    unless('stale'),
  ],
  'identity.delete': ({ provider, user }, { database: { db } }) => [
    ...takenAway(sql`user = ${user} AND ${sql.identifier('givenBy')} = ${provider}`),
    db.delete(s.identity).where(and(eq(s.identity.user, user), eq(s.identity.provider, provider))),
  ],
  'user.password': ({ user, from, password }, { database: { db } }) => [
    db
      .update(s.user)
      .set({ password })
      .where(and(eq(s.user.id, user), from === null ? isNull(s.user.password) : eq(s.user.password, from))),
    unless('stale'),
  ],
  'session.used': ({ id }, { database: { db }, now }) => [
    db.update(s.session).set({ lastUsedAt: now }).where(eq(s.session.id, id)),
  ],
  'session.end-others': ({ user, but }, { database: { db } }) => [
    db.delete(s.session).where(and(eq(s.session.user, user), but === null ? undefined : ne(s.session.id, but))),
  ],
}
