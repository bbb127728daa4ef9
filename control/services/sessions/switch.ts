import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import type { Principal } from '../../domain/access/principal.ts'
import { Ref } from '../inputs.ts'
import { type Decision, write } from '../verb.ts'

/** Takes this session into another project of the person's. A key stays in the project that it was made in. */
export const switchProject = write('sessions.switch', {
  input: z.object({ project: Ref }),
  async run({ store, principal }, { project: wanted }): Promise<Result<Decision<Principal>>> {
    if (principal.via.kind !== 'session') return refuse('precondition', say('session.is_key'))
    const found = await store.tenancy.membership(principal.user, wanted)
    if (!found.ok) return found
    const { project, name, account, role } = found.value
    const { id } = principal.via
    return ok({
      answer: { ...principal, project, projectName: name, account, role },
      subjects: [id],
      changes: [{ do: 'session.switch', id, project }],
    })
  },
})
