import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Held, Identity, IdentityProvider } from '../domain/access/identity.ts'
import type { Passkey } from '../domain/access/passkey.ts'
import type { Page, Paged } from './store.ts'

export type ChallengeKind = 'second-factor' | 'passkey' | 'passkey-add' | 'identity'

/** Something that is asked of a person once. */
export interface Challenge {
  readonly user: Id<'user'> | null
  readonly data: unknown
  readonly tries: number
}

/** Whom a try is counted for, by the SHA-256 of it, and how many fail before the next has to wait. */
export interface TryKey {
  readonly key: string
  readonly free: number
}

/** What is written of how people show who they are. */
export type SignInChange =
  /** Counts as failed from before it is looked at, so that many at once are no way around. Guard `conflict` while one of `keys` is to wait. */
  | { readonly do: 'sign-in.try'; readonly keys: readonly TryKey[] }
  /** The last try of `keys` did not count; of `forget` none does any more. */
  | { readonly do: 'sign-in.untry'; readonly keys: readonly string[]; readonly forget: readonly string[] }
  | {
      readonly do: 'challenge.insert'
      readonly tokenHash: string
      readonly kind: ChallengeKind
      readonly user: Id<'user'> | null
      readonly data: unknown
      readonly expiresAt: number
    }
  /** Guard `conflict` where it was used, has expired or is unknown. */
  | { readonly do: 'challenge.use'; readonly tokenHash: string; readonly kind: ChallengeKind }
  /** One that was kept nowhere is used up, and remembered for as long as it would be good. Guard `conflict` where it was. */
  | { readonly do: 'challenge.spend'; readonly tokenHash: string; readonly kind: ChallengeKind; readonly expiresAt: number }
  /** It was answered wrongly, which it bears `most` times. Guard `conflict` where it is gone, or was so often. */
  | { readonly do: 'challenge.miss'; readonly tokenHash: string; readonly most: number }
  /** One that was not confirmed gives way. Guard `conflict` where one was confirmed. */
  | {
      readonly do: 'totp.begin'
      readonly user: Id<'user'>
      /** Sealed. */
      readonly secret: string
    }
  /** By the code of this step; guard `stale` unless it waits for that with this secret. */
  | { readonly do: 'totp.confirm'; readonly user: Id<'user'>; readonly secret: string; readonly step: number }
  /** The code of this step was shown. Guard `conflict` where it, or a newer one, was before. */
  | { readonly do: 'totp.use'; readonly user: Id<'user'>; readonly step: number }
  /** With the recovery codes. */
  | { readonly do: 'totp.drop'; readonly user: Id<'user'> }
  /** In place of those there were. */
  | { readonly do: 'recovery.set'; readonly user: Id<'user'>; readonly hashes: readonly string[] }
  /** Guard `conflict` where it was used, or is none. */
  | { readonly do: 'recovery.use'; readonly user: Id<'user'>; readonly hash: string }
  /** Guard `conflict` where it is somebody's, `quota` where the user has `limit` already. */
  | {
      readonly do: 'passkey.insert'
      readonly passkey: Omit<Passkey, 'createdAt' | 'lastUsedAt'>
      readonly user: Id<'user'>
      /** COSE, in base64. */
      readonly publicKey: string
      readonly counter: number
      readonly limit: number
    }
  /** Guard `stale` unless its counter is still as it was read. */
  | {
      readonly do: 'passkey.used'
      readonly id: Id<'passkey'>
      readonly counter: number
      readonly to: number
      readonly backedUp: boolean
    }
  | { readonly do: 'passkey.rename'; readonly id: Id<'passkey'>; readonly name: string }
  | { readonly do: 'passkey.delete'; readonly id: Id<'passkey'> }
  /** Guard `conflict` where the name is taken, `quota` where there are `limit` already. */
  | {
      readonly do: 'identity-provider.insert'
      readonly provider: Omit<IdentityProvider, 'createdAt'>
      /** Sealed. */
      readonly secret: string
      readonly limit: number
    }
  /** What is not named stays. Guard `conflict` where the name is taken, or it is gone. */
  | {
      readonly do: 'identity-provider.change'
      readonly provider: Pick<IdentityProvider, 'id'> & Partial<Omit<IdentityProvider, 'id' | 'createdAt' | 'issuer'>>
      /** Sealed. */
      readonly secret?: string
    }
  /** With whom it knows, and the memberships that its groups gave: their sessions and access keys in them end. */
  | { readonly do: 'identity-provider.delete'; readonly id: Id<'identityProvider'> }
  /** Guard `conflict` where it is somebody's, or the user has another there. */
  | {
      readonly do: 'identity.insert'
      readonly provider: Id<'identityProvider'>
      readonly subject: string
      readonly user: Id<'user'>
    }
  /** Guard `stale` unless it is still the user's. */
  | {
      readonly do: 'identity.used'
      readonly provider: Id<'identityProvider'>
      readonly subject: string
      readonly user: Id<'user'>
    }
  /** With the memberships that its groups gave the user, their sessions and access keys in them. */
  | { readonly do: 'identity.delete'; readonly provider: Id<'identityProvider'>; readonly user: Id<'user'> }
  /** Guard `stale` unless it is still `from`. */
  | { readonly do: 'user.password'; readonly user: Id<'user'>; readonly from: string | null; readonly password: string }
  | { readonly do: 'session.used'; readonly id: Id<'session'> }
  /** All of the user's but this one. */
  | { readonly do: 'session.end-others'; readonly user: Id<'user'>; readonly but: Id<'session'> | null }

/** A person's app for codes. */
export interface Totp {
  /** Sealed. */
  readonly secret: string
  readonly confirmedAt: number | null
  readonly lastStep: number
}

/** What is known of how people show who they are. */
export interface SignInReads {
  /** Until when the one of these that has to wait longest does; 0: none has. */
  waitUntil(keys: readonly string[]): Promise<Result<number>>
  /** A live one. */
  challenge(tokenHash: string, kind: ChallengeKind): Promise<Result<Challenge>>
  totp(user: Id<'user'>): Promise<Result<Totp | null>>
  /** Those that are left. */
  recoveryCodes(user: Id<'user'>): Promise<Result<number>>
  passkeys(user: Id<'user'>, page: Page): Promise<Result<Paged<Passkey>>>
  /** By how the device knows it: of whom, where they sign in, and what it takes to look at what it signs. `not_found` where the person may not. */
  passkey(credential: string): Promise<
    Result<{
      readonly id: Id<'passkey'>
      readonly user: Id<'user'>
      readonly project: Id<'project'>
      readonly publicKey: string
      readonly counter: number
    }>
  >
  providers(page: Page): Promise<Result<Paged<IdentityProvider>>>
  /** By id; `secret` sealed. */
  provider(id: string): Promise<Result<IdentityProvider & { readonly secret: string }>>
  /** Whom a provider knows by this, and where they are members, by project; null: nobody. */
  known(
    provider: Id<'identityProvider'>,
    subject: string,
  ): Promise<Result<{ readonly user: Id<'user'>; readonly disabledAt: number | null; readonly held: readonly Held[] } | null>>
  /** A person's, by provider. */
  identities(user: Id<'user'>, page: Page): Promise<Result<Paged<Identity>>>
  /** Those of these that there are, by id or name. */
  projects(refs: readonly string[]): Promise<Result<readonly { readonly id: Id<'project'>; readonly name: string }[]>>
  session(id: Id<'session'>): Promise<Result<{ readonly createdAt: number }>>
}
