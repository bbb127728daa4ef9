import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import type { Grouping } from '../../domain/placement/group.ts'
import type { Store } from '../../ports/store.ts'

/** The placement group of a machine; null where it is in none, or in none any more. */
export async function groupOf(
  store: Pick<Store, 'placementGroups'>,
  { placementGroup }: Pick<Machine, 'placementGroup'>,
): Promise<Result<Grouping | null>> {
  if (placementGroup === null) return ok(null)
  const found = await store.placementGroups.find('platform', placementGroup)
  return found.ok || found.fault.code !== 'not_found' ? found : ok(null)
}
