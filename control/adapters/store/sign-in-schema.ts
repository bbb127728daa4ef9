import type { Id } from '@sirocco/shared/kit/id.ts'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Grant } from '../../domain/access/identity.ts'
import type { ChallengeKind } from '../../ports/sign-in.ts'

/** Sign-ins that failed, or are being looked at, by the SHA-256 of whom they are counted for. */
export const signInTry = sqliteTable(
  'sign_in_try',
  {
    key: text().primaryKey(),
    /** One after the other, none further from the next than `limits.signInMemory`. */
    tries: integer().notNull(),
    /** No other is looked at before. */
    until: integer().notNull(),
    at: integer().notNull(),
  },
  t => [index('sign_in_try_at').on(t.at)],
)

/** What a person is asked for and may answer once: known by the SHA-256 of its token. */
export const challenge = sqliteTable(
  'challenge',
  {
    tokenHash: text().primaryKey(),
    kind: text().$type<ChallengeKind>().notNull(),
    /** null: whoever answers it. */
    user: text().$type<Id<'user'>>(),
    /** What it takes to look at the answer. */
    data: text({ mode: 'json' }).$type<unknown>(),
    tries: integer().notNull().default(0),
    expiresAt: integer().notNull(),
  },
  t => [index('challenge_expires').on(t.expiresAt)],
)

/** A person's one-time codes by an app (RFC 6238). */
export const totp = sqliteTable('totp', {
  user: text().$type<Id<'user'>>().primaryKey(),
  /** Sealed; place `totp|<user>|secret`. */
  secret: text().notNull(),
  /** null: it was shown, and no code of it came back yet; it is not asked for. */
  confirmedAt: integer(),
  /** Of the newest code that was taken: neither it nor an older one is again. */
  lastStep: integer().notNull().default(0),
  createdAt: integer().notNull(),
})

/** What gets a person in who has lost their app, each once: by its SHA-256. */
export const recoveryCode = sqliteTable(
  'recovery_code',
  {
    user: text().$type<Id<'user'>>().notNull(),
    hash: text().notNull(),
  },
  t => [primaryKey({ columns: [t.user, t.hash] })],
)

export const passkey = sqliteTable(
  'passkey',
  {
    id: text().$type<Id<'passkey'>>().primaryKey(),
    credential: text().notNull().unique(),
    user: text().$type<Id<'user'>>().notNull(),
    name: text().notNull(),
    /** COSE, in base64. */
    publicKey: text().notNull(),
    counter: integer().notNull(),
    transports: text({ mode: 'json' }).$type<readonly string[]>().notNull(),
    backedUp: integer({ mode: 'boolean' }).notNull(),
    createdAt: integer().notNull(),
    lastUsedAt: integer(),
  },
  t => [index('passkey_user').on(t.user, t.id)],
)

/** Who may vouch for people (OpenID Connect). */
export const identityProvider = sqliteTable('identity_provider', {
  id: text().$type<Id<'identityProvider'>>().primaryKey(),
  name: text().notNull().unique(),
  issuer: text().notNull(),
  clientId: text().notNull(),
  /** Sealed; place `identity_provider|<id>|secret`. */
  secret: text().notNull(),
  scope: text().notNull(),
  claim: text().notNull(),
  grants: text({ mode: 'json' }).$type<readonly Grant[]>().notNull(),
  createdAt: integer().notNull(),
})

/** Whom a provider knows by `subject`, which it never gives to another. */
export const identity = sqliteTable(
  'identity',
  {
    provider: text().$type<Id<'identityProvider'>>().notNull(),
    subject: text().notNull(),
    user: text().$type<Id<'user'>>().notNull(),
    createdAt: integer().notNull(),
    lastUsedAt: integer(),
  },
  t => [primaryKey({ columns: [t.provider, t.subject] }), uniqueIndex('identity_user').on(t.user, t.provider)],
)
