import type * as api from '@sirocco/shared/api/tenancy.ts'
import type { AccessKey, Invitation, Member, Membership, Person, SignIn } from '../../../domain/access/member.ts'
import type { Principal } from '../../../domain/access/principal.ts'
import { time } from './time.ts'

const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at))

export const projectJson = ({ project, name, account, role }: Membership): api.Project => ({ id: project, name, account, role })

export const memberJson = ({ user, email, role, disabled }: Member): api.Member => ({ user, email, role, disabled })

export const invitationJson = ({ id, email, role, by, createdAt, expiresAt }: Invitation): api.Invitation => ({
  id,
  email,
  role,
  by,
  createdAt: time(createdAt),
  expiresAt: time(expiresAt),
})

export const accessKeyJson = (key: AccessKey): api.AccessKey => ({
  id: key.id,
  accessKeyId: key.accessKeyId,
  user: key.user,
  email: key.email,
  createdAt: time(key.createdAt),
  expiresAt: timeOrNull(key.expiresAt),
  lastUsedAt: timeOrNull(key.lastUsedAt),
})

export const sessionJson =
  ({ via }: Principal) =>
  ({ id, project, createdAt, expiresAt, address, device, lastUsedAt }: SignIn): api.Session => ({
    id,
    project,
    current: via.kind === 'session' && via.id === id,
    createdAt: time(createdAt),
    expiresAt: time(expiresAt),
    address,
    device,
    lastUsedAt: timeOrNull(lastUsedAt),
  })

export const userJson = ({ id, email, createdAt, disabledAt }: Person): api.User => ({
  id,
  email,
  createdAt: time(createdAt),
  disabledAt: timeOrNull(disabledAt),
})
