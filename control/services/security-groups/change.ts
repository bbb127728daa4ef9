import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { Description, GroupName } from './inputs.ts'
import { theGroup } from './the-group.ts'

/** Renames a security group, or describes it anew. A default group keeps its name. */
export const changeSecurityGroup = write('security-groups.change', {
  input: z.object({ group: Ref, name: GroupName.optional(), description: Description.optional() }),
  async run(context, { group: ref, name, description }) {
    const found = await theGroup(context, ref)
    if (!found.ok) return found
    const { id, project, isDefault } = found.value
    if (isDefault && name !== undefined && name !== found.value.name)
      return refuse('precondition', 'a default group keeps its name; make another group', { field: 'name' })
    return ok({
      answer: { group: id },
      subjects: [id],
      changes: [
        {
          do: 'security-group.change',
          group: id,
          name: name ?? found.value.name,
          description: description ?? found.value.description,
        },
        { do: 'event', project, type: 'security-group.changed', subject: id },
      ],
    })
  },
})
