import type { Id } from '@sirocco/shared/kit/id.ts'
import type { AgentRole } from '@sirocco/shared/model/agents/roles.ts'

/** A token by which one agent may enrol, once. */
export interface Enrolment {
  readonly id: Id<'enrolment'>
  readonly zone: string
  readonly roles: readonly AgentRole[]
  /** An admin's address; null: whoever set the instance up. */
  readonly by: string | null
  readonly createdAt: number
  readonly expiresAt: number
  readonly usedBy: Id<'agent'> | null
  readonly revokedAt: number | null
}

export type EnrolmentState = 'open' | 'used' | 'revoked' | 'expired'

export const stateOfEnrolment = ({ usedBy, revokedAt, expiresAt }: Enrolment, now: number): EnrolmentState =>
  usedBy !== null ? 'used' : revokedAt !== null ? 'revoked' : expiresAt <= now ? 'expired' : 'open'
