import { type Refused, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Principal, Role } from '../../domain/access/principal.ts'

/** Refuses whoever is no admin what is about a member of role `admin`: that one is the platform's. */
export const notByOwners = ({ role }: Principal, about: Role): Refused | null =>
  about === 'admin' && role !== 'admin' ? refuse('forbidden', say('member.is_admin'), { field: 'role' }) : null
