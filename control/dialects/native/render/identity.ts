import type * as api from '@sirocco/shared/api/identities.ts'
import type { Identity, IdentityProvider } from '../../../domain/access/identity.ts'
import { time } from './time.ts'

export const identityJson = ({ provider, name, createdAt, lastUsedAt }: Identity): api.Identity => ({
  provider,
  name,
  createdAt: time(createdAt),
  lastUsedAt: lastUsedAt === null ? null : time(lastUsedAt),
})

export const identityProviderJson = ({
  id,
  name,
  issuer,
  clientId,
  scope,
  claim,
  grants,
  createdAt,
}: IdentityProvider): api.IdentityProvider => ({
  id,
  name,
  issuer,
  clientId,
  scope,
  claim,
  grants: grants.map(({ group, project, role }) => ({ group, project, role })),
  createdAt: time(createdAt),
})
