import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { theGroup } from './the-group.ts'

/** Deletes a security group that no machine is in and that no other group's rule names. */
export const deleteSecurityGroup = write('security-groups.delete', {
  input: z.object({ group: Ref }),
  async run(context, { group: ref }) {
    const found = await theGroup(context, ref)
    if (!found.ok) return found
    const { id, project, name, isDefault, ports, namedBy } = found.value
    if (isDefault) return refuse('precondition', 'the default group goes with its network; it cannot be deleted alone')
    if (ports > 0)
      return refuse('precondition', `${ports} network interface(s) are in the security group ${name}; give them another first`)
    if (namedBy > 0) return refuse('precondition', `${namedBy} rule(s) of other security groups name ${name}; revoke them first`)
    return ok({
      answer: { group: id },
      subjects: [id],
      changes: [
        { do: 'security-group.delete', group: id },
        { do: 'event', project, type: 'security-group.gone', subject: id },
      ],
    })
  },
})
