import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { allowed, fitsInto } from '../../domain/networks/new-range.ts'
import { defaultGroup } from '../../domain/security/group.ts'
import type { NewSubnet } from '../../ports/networks.ts'
import { Name } from '../inputs.ts'
import { type Decision, write } from '../verb.ts'
import { groundOf, newSubnet } from './ground.ts'
import { AskedSubnet, Cidr } from './inputs.ts'

const Input = z.object({
  name: Name.optional(),
  cidr: Cidr,
  /** Of which zone's region it is; may be left out where there is one zone. */
  zone: z.string().min(1).max(64).optional(),
  /** Said where no zone is. */
  region: z.string().max(64).optional(),
  subnets: z.array(AskedSubnet).max(limits.subnetsOfNetwork).default([]),
})

/** Makes a network of any range, whoever else has it, with a default security group and the subnets that are asked for. */
export const createNetwork = write('networks.create', {
  input: Input,
  async run(context, { name, cidr, zone, region, subnets: asked }) {
    const { ids, random } = context
    const { project } = context.principal
    const ground = await groundOf(context, zone ?? asked[0]?.zone, region)
    if (!ground.ok) return ground
    const may = allowed(cidr, ground.value.pools, 'cidr')
    if (!may.ok) return may
    const network = ids.make('network')
    const subnets: NewSubnet[] = []
    for (const one of asked) {
      const where = await groundOf(context, one.zone ?? zone)
      if (!where.ok) return where
      if (where.value.region !== ground.value.region)
        return refuse('invalid', `a network is of one region: ${one.zone} is not in ${ground.value.regionName}`, {
          field: 'subnets',
        })
      const good = allowed(one.cidr, where.value.pools, 'subnets')
      if (!good.ok) return good
      const fits = fitsInto(
        one.cidr,
        cidr,
        subnets.map(other => other.cidr),
        'subnets',
      )
      if (!fits.ok) return fits
      subnets.push(newSubnet(context, { network, zone: where.value.zone, cidr: one.cidr }))
    }
    const alias = `vpc-${hex(random, 17)}`
    const decision: Decision<{ readonly network: typeof network }> = {
      answer: { network },
      subjects: [network],
      changes: [
        {
          do: 'network.insert',
          network: { id: network, alias, project, region: ground.value.region, name: name ?? alias, cidr },
          defaultGroup: defaultGroup(context, { project, network, isDefaultNetwork: false }),
        },
        ...subnets.map((subnet, i) => {
          const beside = subnets.slice(0, i).map(({ id }) => id)
          return { do: 'subnet.insert', subnet, beside, limit: limits.subnetsOfNetwork } as const
        }),
        { do: 'event', project, type: 'network.made', subject: network },
      ],
    }
    return ok(decision)
  },
})
