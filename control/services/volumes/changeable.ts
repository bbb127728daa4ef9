import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { changeable } from '../../domain/volumes/permit.ts'
import type { Context } from '../verb.ts'

/** Refused where one of the machines is suspended. */
export async function allChangeable(
  { store, scope }: Pick<Context, 'store' | 'scope'>,
  machines: readonly Id<'machine'>[],
): Promise<Result<void>> {
  if (machines.length === 0) return ok(undefined)
  const found = await store.machines.find(scope, machines)
  if (!found.ok) return found
  return found.value.map(changeable).find(({ ok }) => !ok) ?? ok(undefined)
}
