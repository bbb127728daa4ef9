import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { write } from '../verb.ts'

/** Deletes a placement group, by name or id, once no machine is in it. One that is not there is no error. */
export const deletePlacementGroup = write('placement-groups.delete', {
  input: z.object({ placementGroup: z.string().min(1).max(255) }),
  async run({ store, scope, principal: { project } }, { placementGroup }) {
    const found = await store.placementGroups.find(scope, placementGroup)
    if (!found.ok) return found.fault.code === 'not_found' ? ok({ answer: { deleted: false }, subjects: [], changes: [] }) : found
    const { id, name, machines } = found.value
    if (machines > 0)
      return refuse('precondition', `${machines} machine(s) are in the placement group ${name}; delete them first`)
    return ok({
      answer: { deleted: true },
      subjects: [id],
      changes: [
        { do: 'placement-group.delete', id },
        { do: 'event', project, type: 'placement-group.gone', subject: id },
      ],
    })
  },
})
