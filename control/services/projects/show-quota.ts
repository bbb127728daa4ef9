import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { type Context, read } from '../verb.ts'

/** The limits of a project and what it uses: one's own; of any, for admins. */
export const showQuota = read('quota.show', {
  input: z.object({ project: Ref }),
  async run(context, { project: ref }) {
    const project = await reachable(context, ref)
    return project.ok ? context.store.tenancy.quota(project.value) : project
  },
})

async function reachable({ store, principal }: Context, ref: string): Promise<Result<typeof principal.project>> {
  if (ref === principal.project) return { ok: true, value: principal.project }
  const missing = refuse('not_found', `there is no project ${ref}`, { field: 'project' })
  if (principal.role !== 'admin') return missing
  const found = await store.images.projects([ref])
  if (!found.ok) return found.fault.code === 'not_found' ? missing : found
  const [one] = found.value
  return one ? { ok: true, value: one.id } : missing
}
