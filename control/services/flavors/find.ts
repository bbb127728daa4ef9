import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Flavor } from '../../domain/images/image.ts'

/** The flavor of this name, or `invalid` with those that there are. */
export function flavorNamed(flavors: readonly Flavor[], name: string): Result<Flavor> {
  const flavor = flavors.find(f => f.name === name)
  return flavor
    ? ok(flavor)
    : refuse('invalid', `there is no flavor ${name}; choose one of ${flavors.map(f => f.name).join(', ')}`, { field: 'flavor' })
}
