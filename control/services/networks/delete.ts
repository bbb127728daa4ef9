import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { networkNamed } from '../security-groups/network-named.ts'
import { write } from '../verb.ts'

const Input = z.object({
  network: Ref,
  /** Refuse where it has subnets still, as EC2 does. */
  empty: z.boolean().default(false),
})

/** Deletes a network that no machine has a port of, with its subnets and security groups. */
export const deleteNetwork = write('networks.delete', {
  input: Input,
  async run(context, { network: ref, empty }) {
    const found = await networkNamed(context, ref, undefined)
    if (!found.ok) return found
    const { id, name, isDefault, subnets } = found.value
    if (isDefault) return refuse('precondition', 'the default network of a project cannot be deleted')
    if (empty && subnets.length > 0)
      return refuse('precondition', `the network ${name} has ${subnets.length} subnet(s); delete these first`)
    for (const subnet of subnets) {
      const taken = await context.store.networks.taken(subnet.id)
      if (!taken.ok) return taken
      if (taken.value.length > 0)
        return refuse('precondition', `${taken.value.length} machine(s) are in the network ${name}; delete them first`)
    }
    return ok({
      answer: { network: id },
      subjects: [id],
      changes: [
        ...subnets.map(subnet => ({ do: 'subnet.delete', subnet: subnet.id }) as const),
        { do: 'network.delete', network: id },
        { do: 'event', project: context.principal.project, type: 'network.gone', subject: id },
      ],
    })
  },
})
