import { addSubnet } from '../../../services/networks/add-subnet.ts'
import { findNetwork } from '../../../services/networks/list.ts'
import { action } from '../action.ts'
import { subnetsOf } from '../networks.ts'
import { text } from '../parameters.ts'
import { renderSubnet } from './describe-subnets.ts'

const parameters = { VpcId: text, CidrBlock: text, AvailabilityZone: text.optional() }

/** CreateSubnet. */
export const CreateSubnet = action(
  { right: 'networks.add-subnet', noun: 'vpc', parameters },
  async (request, { VpcId, CidrBlock, AvailabilityZone }) => {
    const made = await request.call(addSubnet, {
      network: VpcId,
      cidr: CidrBlock,
      region: request.region,
      ...(AvailabilityZone === undefined ? {} : { zone: AvailabilityZone }),
    })
    const network = await request.call(findNetwork, { network: made.network })
    const subnet = subnetsOf([network]).find(({ id }) => id === made.subnet)
    return { subnet: subnet && renderSubnet(subnet, request.principal.account, request.region) }
  },
)
