import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { type QuotaResource, quotaResources } from '@sirocco/shared/model/quota.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

const Limit = z.int().min(0, 'a limit is 0 or more; null for none').max(Number.MAX_SAFE_INTEGER).nullable()

/** Sets limits of a project; null lifts one, what is not named stays. Below what is used it blocks what would add to it, and nothing else. */
export const setQuota = write('quota.set', {
  input: z.object({ project: Ref, limits: z.partialRecord(z.enum(quotaResources), Limit) }),
  async run({ store }, { project: ref, limits }) {
    const found = await store.images.projects([ref])
    if (!found.ok) return found
    const [one] = found.value
    if (!one) return refuse('not_found', `there is no project ${ref}`, { field: 'project' })
    const named = Object.entries(limits) as [QuotaResource, number | null][]
    return ok({
      answer: { project: one.id },
      subjects: [one.id],
      changes: [
        ...named.map(([resource, limit]) => ({ do: 'quota.set', project: one.id, resource, limit }) as const),
        { do: 'event', project: one.id, type: 'project.quota', subject: one.id },
      ],
    })
  },
})
