import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { placementPolicies } from '@sirocco/shared/model/placement/policies.ts'
import { z } from 'zod'
import type { PlacementGroup } from '../../domain/placement/group.ts'
import { Name } from '../inputs.ts'
import { type Decision, write } from '../verb.ts'

const Input = z.object({
  name: Name,
  policy: z.enum(placementPolicies),
  /** Refused where it cannot be kept; otherwise a preference. */
  strict: z.boolean().default(true),
})

/** Makes a placement group: machines launched into it share one host, or each have another. */
export const createPlacementGroup = write('placement-groups.create', {
  input: Input,
  async run({ store, scope, principal: { project }, ids, random, clock }, { name, policy, strict }) {
    const existing = await store.placementGroups.find(scope, name)
    if (existing.ok)
      return refuse('already_exists', `there is a placement group ${name} already; choose another name, or delete it first`, {
        field: 'name',
      })
    if (existing.fault.code !== 'not_found') return existing
    const group = { id: ids.make('placementGroup'), alias: `pg-${hex(random, 17)}`, project, name, policy, strict }
    const decision: Decision<PlacementGroup> = {
      answer: { ...group, machines: 0, hosts: 0, createdAt: clock.now() },
      subjects: [group.id],
      changes: [
        { do: 'placement-group.insert', group, limit: limits.placementGroups },
        { do: 'event', project, type: 'placement-group.made', subject: group.id },
      ],
    }
    return ok(decision)
  },
})
