import type * as api from '@sirocco/shared/api/passkeys.ts'
import type { Passkey } from '../../../domain/access/passkey.ts'
import { time } from './time.ts'

export const passkeyJson = ({ id, name, backedUp, createdAt, lastUsedAt }: Passkey): api.Passkey => ({
  id,
  name,
  backedUp,
  createdAt: time(createdAt),
  lastUsedAt: lastUsedAt === null ? null : time(lastUsedAt),
})
