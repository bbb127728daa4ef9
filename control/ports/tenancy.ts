import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { QuotaResource } from '@sirocco/shared/model/quota.ts'
import type { AccessKey, Invitation, Member, Membership, Person, SignIn } from '../domain/access/member.ts'
import type { Role } from '../domain/access/principal.ts'
import type { Quota } from '../domain/access/quota.ts'
import type { DefaultGroup } from './security.ts'
import type { Page, Paged } from './store.ts'

/** A network that a new project begins with: one in each region, a subnet in each of its zones. */
export interface FirstNetwork {
  readonly id: Id<'network'>
  readonly alias: string
  readonly region: Id<'region'>
  readonly defaultGroup: DefaultGroup
  readonly subnets: readonly {
    readonly id: Id<'subnet'>
    readonly alias: string
    readonly zone: Id<'zone'>
    readonly cidr: string
  }[]
}

/** What is written of projects and people. */
export type TenancyChange =
  /** Guard `conflict` where the name, the account or a range is taken. */
  | {
      readonly do: 'project.insert'
      readonly project: { readonly id: Id<'project'>; readonly name: string; readonly account: string }
      readonly networks: readonly FirstNetwork[]
    }
  /** Who is a member already stays what they are. */
  | {
      readonly do: 'membership.insert'
      readonly project: Id<'project'>
      readonly user: Id<'user'>
      readonly role: Role
      /** By whose groups. */
      readonly givenBy?: Id<'identityProvider'>
    }
  /** Theirs by somebody here from now on, unless `givenBy` says whose groups. Guard `stale` where they are not `from` (any more). */
  | {
      readonly do: 'membership.change'
      readonly project: Id<'project'>
      readonly user: Id<'user'>
      readonly from: Role
      readonly role: Role
      readonly givenBy?: Id<'identityProvider'>
    }
  /** With their sessions, links and access keys in it. Guard `stale` where they are not `from` (any more). */
  | {
      readonly do: 'membership.remove'
      readonly project: Id<'project'>
      readonly user: Id<'user'>
      readonly from: Role
      /** `stale`, too, unless its groups gave it. */
      readonly givenBy?: Id<'identityProvider'>
    }
  /** Guard `conflict` where, after the changes before it, nobody who is not disabled owns the project. */
  | { readonly do: 'project.owned'; readonly project: Id<'project'> }
  /** Guard `conflict` where, after the changes before it, there is no admin who is not disabled. */
  | { readonly do: 'platform.administered' }
  /** Guard `quota` where the project has `limit` already. */
  | {
      readonly do: 'invitation.insert'
      readonly invitation: Omit<Invitation, 'by' | 'createdAt'>
      readonly by: Id<'user'>
      readonly project: Id<'project'>
      readonly tokenHash: string
      readonly limit: number
    }
  /** Guard `conflict` where it was used, revoked or has expired. */
  | { readonly do: 'invitation.use'; readonly tokenHash: string }
  | { readonly do: 'invitation.delete'; readonly id: Id<'invitation'>; readonly project: Id<'project'> }
  /** Guard `conflict` where the address is taken. */
  | { readonly do: 'user.insert'; readonly id: Id<'user'>; readonly email: string; readonly password: string | null }
  /** Their sessions and links end with it; their keys are refused until they are enabled again. */
  | { readonly do: 'user.disable'; readonly user: Id<'user'>; readonly disabled: boolean }
  /** Guard `quota` where the person has `limit` in the project already. */
  | {
      readonly do: 'access-key.insert'
      readonly key: Pick<AccessKey, 'id' | 'accessKeyId' | 'user' | 'expiresAt'>
      readonly project: Id<'project'>
      /** Sealed. */
      readonly secret: string
      readonly limit: number
    }
  | { readonly do: 'access-key.delete'; readonly id: Id<'accessKey'>; readonly project: Id<'project'> }
  | { readonly do: 'access-key.used'; readonly id: Id<'accessKey'> }
  /** It comes to use more of these by other changes than inserts, which tell by themselves. Guard `quota` where it is too much then. */
  | { readonly do: 'quota.spend'; readonly project: Id<'project'>; readonly resources: readonly QuotaResource[] }
  | {
      readonly do: 'quota.set'
      readonly project: Id<'project'>
      readonly resource: QuotaResource
      /** null: none. */
      readonly limit: number | null
    }
  /** Guard `conflict` where its user is no member of the project. */
  | { readonly do: 'session.switch'; readonly id: Id<'session'>; readonly project: Id<'project'> }

/** What is known of projects and people. */
export interface TenancyReads {
  /** Where a person is a member, by project. */
  memberships(user: Id<'user'>, page: Page): Promise<Result<Paged<Membership>>>
  membership(user: Id<'user'>, project: string): Promise<Result<Membership>>
  members(project: Id<'project'>, page: Page): Promise<Result<Paged<Member>>>
  /** By id or e-mail address; `not_found` who is none. `owners`: others who own the project and are not disabled. */
  member(project: Id<'project'>, ref: string): Promise<Result<Member & { readonly owners: number }>>
  invitations(project: Id<'project'>, page: Page): Promise<Result<Paged<Invitation>>>
  /** A live one, by the SHA-256 of its token. */
  invitation(tokenHash: string): Promise<Result<Invitation & { readonly project: Id<'project'> }>>
  /** Of the project; with a user theirs alone. */
  accessKeys(project: Id<'project'>, user: Id<'user'> | null, page: Page): Promise<Result<Paged<AccessKey>>>
  accessKey(project: Id<'project'>, id: string): Promise<Result<AccessKey>>
  /** A person's live sessions, oldest first. */
  sessions(user: Id<'user'>, page: Page): Promise<Result<Paged<SignIn>>>
  users(page: Page): Promise<Result<Paged<Person>>>
  /** By id or e-mail address, whoever it is; `admins`: other admins who are not disabled. */
  user(ref: string): Promise<Result<Person & { readonly password: string | null; readonly admins: number }>>
  /** Each resource, limited or not. */
  quota(project: Id<'project'>): Promise<Result<readonly Quota[]>>
  /** What networks of a new project are cut from: zones, with the ranges they hand out and those that are taken. */
  ground(): Promise<
    Result<
      readonly {
        readonly region: Id<'region'>
        readonly zone: Id<'zone'>
        readonly pools: readonly string[]
        readonly taken: readonly string[]
      }[]
    >
  >
}
