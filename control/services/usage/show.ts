import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import type { UsageSum } from '../../ports/usage.ts'
import { Page, Ref, TagKey } from '../inputs.ts'
import { read } from '../verb.ts'
import { type Period, periodOf, projectOf } from './period.ts'

const Asked = z.object({ project: Ref.optional(), from: z.int().optional(), to: z.int().optional() })

export interface Usage extends Period {
  readonly project: Id<'project'>
  readonly items: readonly UsageSum[]
  readonly next: string | null
}

/** What a project used: by kind, and by the values of a tag where one is named. */
export const showUsage = read('usage.show', {
  input: Asked.extend({ tag: TagKey.optional() }),
  async run(context, { project: ref, tag, ...asked }): Promise<Result<Usage>> {
    const project = await projectOf(context, ref)
    if (!project.ok) return project
    const period = periodOf(context.clock.now(), asked)
    if (!period.ok) return period
    const { from, to } = period.value
    const sums = await context.store.usage.sums(project.value, from, to, tag ?? null)
    return sums.ok ? ok({ project: project.value, from, to, items: sums.value, next: null }) : sums
  },
})

/** The same of each resource, a page. */
export const showUsageOfResources = read('usage.show', {
  input: Asked.extend(Page.shape),
  async run(context, { project: ref, after, limit, ...asked }): Promise<Result<Usage>> {
    const project = await projectOf(context, ref)
    if (!project.ok) return project
    const period = periodOf(context.clock.now(), asked)
    if (!period.ok) return period
    const { from, to } = period.value
    const sums = await context.store.usage.resources(project.value, from, to, { after, limit })
    return sums.ok ? ok({ project: project.value, from, to, ...sums.value }) : sums
  },
})
