import type { Id } from '@sirocco/shared/kit/id.ts'
import { type Role, roles } from './principal.ts'

/** What groups give: the platform is administered by whom its admins choose themselves. */
export const grantedRoles = ['viewer', 'operator', 'owner'] as const
export type GrantedRole = (typeof grantedRoles)[number]

/** Who is in this group has this role there. */
export interface Grant {
  readonly group: string
  readonly project: Id<'project'>
  readonly role: GrantedRole
}

/** Somebody who knows people and vouches for them (OpenID Connect); never with its secret. */
export interface IdentityProvider {
  readonly id: Id<'identityProvider'>
  /** As it stands on the sign-in page. */
  readonly name: string
  /** Stays as it is: who is known by a subject is so to this issuer alone. */
  readonly issuer: string
  readonly clientId: string
  /** What is asked for, with spaces between. */
  readonly scope: string
  /** The claim that names a person's groups. */
  readonly claim: string
  readonly grants: readonly Grant[]
  readonly createdAt: number
}

/** A person's account at a provider, as they see it. */
export interface Identity {
  readonly provider: Id<'identityProvider'>
  readonly name: string
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

/** A membership, and whose groups gave it; null: somebody here. */
export interface Held {
  readonly project: Id<'project'>
  readonly role: Role
  readonly givenBy: Id<'identityProvider'> | null
}

/** What is to be done so that memberships follow groups, and where somebody is a member then, by project. */
export interface Following {
  readonly give: readonly { readonly project: Id<'project'>; readonly role: GrantedRole }[]
  readonly change: readonly { readonly project: Id<'project'>; readonly from: Role; readonly role: GrantedRole }[]
  readonly take: readonly { readonly project: Id<'project'>; readonly from: Role }[]
  readonly projects: readonly Id<'project'>[]
}

/** The highest role that any group gives in each project. What a person here, or another provider, gave is not touched. */
export function following(
  { id, grants }: Pick<IdentityProvider, 'id' | 'grants'>,
  groups: readonly string[],
  held: readonly Held[],
): Following {
  const given = new Map<Id<'project'>, GrantedRole>()
  for (const { group, project, role } of grants)
    if (groups.includes(group) && roles.indexOf(role) >= roles.indexOf(given.get(project) ?? 'viewer')) given.set(project, role)
  const own = held.filter(({ givenBy }) => givenBy === id)
  const others = held.filter(({ givenBy }) => givenBy !== id).map(({ project }) => project)
  const had = new Map(own.map(({ project, role }) => [project, role]))
  const kept = [...given].filter(([project]) => !others.includes(project))
  return {
    give: kept.flatMap(([project, role]) => (had.has(project) ? [] : [{ project, role }])),
    change: kept.flatMap(([project, role]) => {
      const from = had.get(project)
      return from === undefined || from === role ? [] : [{ project, from, role }]
    }),
    take: own.flatMap(({ project, role: from }) => (given.has(project) ? [] : [{ project, from }])),
    projects: [...others, ...kept.map(([project]) => project)].toSorted(),
  }
}
