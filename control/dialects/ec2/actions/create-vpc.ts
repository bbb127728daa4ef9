import { createNetwork } from '../../../services/networks/create.ts'
import { findNetwork } from '../../../services/networks/list.ts'
import { action } from '../action.ts'
import { ignored, specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderVpc } from './describe-vpcs.ts'

const parameters = {
  CidrBlock: text,
  InstanceTenancy: ignored,
  AmazonProvidedIpv6CidrBlock: ignored,
  TagSpecification: tagSpecifications(['vpc']),
}

/** CreateVpc: a network of this range, whoever else has it. Of tags it takes the name. */
export const CreateVpc = action(
  { right: 'networks.create', noun: 'vpc', parameters },
  async (request, { CidrBlock, TagSpecification }) => {
    const { Name, ...others } = specifiedTags(TagSpecification, 'vpc')
    const [key] = Object.keys(others)
    if (key !== undefined) throw new Refusal('Unsupported', 'networks have no tags here but Name')
    const made = await request.call(createNetwork, {
      cidr: CidrBlock,
      region: request.region,
      ...(Name ? { name: Name } : {}),
    })
    const network = await request.call(findNetwork, { network: made.network })
    return { vpc: renderVpc(network, request.principal.account) }
  },
)
