import { hour } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { hourOf } from '../../domain/usage/rows.ts'
import type { Context } from '../verb.ts'
import { monthOf } from './month.ts'

/** Whole hours; from the beginning of this month (UTC) to now, where that is not said. */
export interface Period {
  readonly from: number
  readonly to: number
}

export function periodOf(
  now: number,
  asked: { readonly from?: number | undefined; readonly to?: number | undefined },
): Result<Period> {
  const to = asked.to === undefined ? hourOf(now) + hour : hourOf(asked.to + hour - 1)
  const from = hourOf(asked.from ?? monthOf(now).from)
  if (from >= to) return refuse('invalid', 'from: must be before to', { field: 'from' })
  if (to - from > limits.usageRetention)
    return refuse('invalid', `from: ask for at most ${limits.usageRetention / (24 * hour)} days at once`, { field: 'from' })
  return ok({ from, to })
}

/** One's own project, where none is named; of any, for admins. */
export async function projectOf({ store, principal }: Context, ref: string | undefined): Promise<Result<Id<'project'>>> {
  if (ref === undefined || ref === principal.project) return ok(principal.project)
  const missing = refuse('not_found', `there is no project ${ref}`, { field: 'project' })
  if (principal.role !== 'admin') return missing
  const found = await store.images.projects([ref])
  if (!found.ok) return found.fault.code === 'not_found' ? missing : found
  const [one] = found.value
  return one ? ok(one.id) : missing
}
