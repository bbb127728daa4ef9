import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Role } from './principal.ts'

/** A project as one of its members sees it. */
export interface Membership {
  readonly project: Id<'project'>
  readonly name: string
  readonly account: string
  readonly role: Role
}

/** A person as the others of a project see them. */
export interface Member {
  readonly user: Id<'user'>
  readonly email: string
  readonly role: Role
  readonly disabled: boolean
}

/** A person as admins see them. */
export interface Person {
  readonly id: Id<'user'>
  readonly email: string
  readonly createdAt: number
  readonly disabledAt: number | null
}

export interface Invitation {
  readonly id: Id<'invitation'>
  readonly email: string
  readonly role: Role
  /** The e-mail address of who invited; null: forgotten. */
  readonly by: string | null
  readonly createdAt: number
  readonly expiresAt: number
}

export interface AccessKey {
  readonly id: Id<'accessKey'>
  readonly accessKeyId: string
  readonly user: Id<'user'>
  readonly email: string
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

/** A session, as its person sees it. */
export interface SignIn {
  readonly id: Id<'session'>
  readonly project: Id<'project'>
  readonly createdAt: number
  readonly expiresAt: number
  /** Where it was begun, and by what; null: not told. */
  readonly address: string | null
  readonly device: string
  /** To some minutes; null: not since it began. */
  readonly lastUsedAt: number | null
}

/** Who answers for a project: its owners, and admins who are members. */
export const owns = (role: Role): boolean => role === 'owner' || role === 'admin'
