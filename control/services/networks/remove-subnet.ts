import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** Deletes a subnet that no machine has a port of. */
export const removeSubnet = write('networks.remove-subnet', {
  input: z.object({ subnet: Ref }),
  async run(context, { subnet: ref }) {
    const found = await context.store.networks.withSubnet(context.scope, ref)
    if (!found.ok) return found
    const { id: network, isDefault, subnets } = found.value
    const [subnet] = subnets
    if (!subnet) throw new Error('impossible: found, and not there')
    if (isDefault) return refuse('precondition', 'subnets of a default network cannot be deleted')
    const taken = await context.store.networks.taken(subnet.id)
    if (!taken.ok) return taken
    if (taken.value.length > 0)
      return refuse('precondition', `${taken.value.length} machine(s) are in the subnet ${subnet.alias}; delete them first`)
    return ok({
      answer: { network },
      subjects: [network],
      changes: [
        { do: 'subnet.delete', subnet: subnet.id },
        { do: 'event', project: context.principal.project, type: 'network.changed', subject: network },
      ],
    })
  },
})
