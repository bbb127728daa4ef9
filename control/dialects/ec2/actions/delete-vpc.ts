import { deleteNetwork } from '../../../services/networks/delete.ts'
import { action } from '../action.ts'
import { text } from '../parameters.ts'

/** DeleteVpc: refused while it has subnets. */
export const DeleteVpc = action(
  { right: 'networks.delete', noun: 'vpc', parameters: { VpcId: text } },
  async (request, { VpcId }) => {
    await request.call(deleteNetwork, { network: VpcId, empty: true })
    return { return: true }
  },
)
