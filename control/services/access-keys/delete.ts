import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { owns } from '../../domain/access/member.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** Revokes an access key at once: one's own, or as an owner anybody's of the project. */
export const deleteAccessKey = write('access-keys.delete', {
  input: z.object({ key: Ref }),
  async run({ store, principal: { project, user, role } }, { key }) {
    const found = await store.tenancy.accessKey(project, key)
    if (!found.ok) return found
    if (found.value.user !== user && !owns(role)) return refuse('not_found', `there is no access key ${key}`, { field: 'key' })
    const { id } = found.value
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        { do: 'access-key.delete', id, project },
        { do: 'event', project, type: 'access-key.gone', subject: id },
      ],
    })
  },
})
