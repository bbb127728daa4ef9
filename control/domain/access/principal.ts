import type { Id } from '@sirocco/shared/kit/id.ts'

export const roles = ['viewer', 'operator', 'owner', 'admin'] as const
/** Of a person in a project; `admin` is the platform's. */
export type Role = (typeof roles)[number]

/** Who asks, and as what: always one project, and what they may do there. */
export interface Principal {
  readonly user: Id<'user'>
  readonly email: string
  readonly project: Id<'project'>
  readonly projectName: string
  /** 12 digits: EC2's account of the project. */
  readonly account: string
  readonly role: Role
  readonly via:
    | { readonly kind: 'session'; readonly id: Id<'session'> }
    /** Until when the key counts; null, or not said: until it is deleted. */
    | { readonly kind: 'key'; readonly accessKeyId: string; readonly expiresAt?: number | null }
}

/** Whose rows may be seen. */
export type Scope = { readonly project: Id<'project'> } | 'platform'
