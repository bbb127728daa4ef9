import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { allowed, fitsInto } from '../../domain/networks/new-range.ts'
import { Ref } from '../inputs.ts'
import { networkNamed } from '../security-groups/network-named.ts'
import { write } from '../verb.ts'
import { groundOf, newSubnet } from './ground.ts'
import { AskedSubnet } from './inputs.ts'

/** Gives a network a subnet in a zone of its region, within its range and beside its others. */
export const addSubnet = write('networks.add-subnet', {
  input: AskedSubnet.extend({
    network: Ref,
    /** Said where no zone is. */
    region: z.string().max(64).optional(),
  }),
  async run(context, { network: ref, cidr, zone, region }) {
    const found = await networkNamed(context, ref, undefined)
    if (!found.ok) return found
    const network = found.value
    const ground = await groundOf(context, zone, region)
    if (!ground.ok) return ground
    if (ground.value.regionName !== network.region)
      return refuse('invalid', `the network is of ${network.region}; choose a zone there`, { field: 'zone' })
    const may = allowed(cidr, ground.value.pools, 'cidr')
    if (!may.ok) return may
    const fits = fitsInto(
      cidr,
      network.cidr,
      network.subnets.map(subnet => subnet.cidr),
      'cidr',
    )
    if (!fits.ok) return fits
    const subnet = newSubnet(context, { network: network.id, zone: ground.value.zone, cidr })
    const { project } = context.principal
    return ok({
      answer: { network: network.id, subnet: subnet.id },
      subjects: [network.id],
      changes: [
        { do: 'subnet.insert', subnet, beside: network.subnets.map(({ id }) => id), limit: limits.subnetsOfNetwork },
        { do: 'event', project, type: 'network.changed', subject: network.id },
      ],
    })
  },
})
