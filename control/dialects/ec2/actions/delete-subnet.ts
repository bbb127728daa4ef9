import { removeSubnet } from '../../../services/networks/remove-subnet.ts'
import { action } from '../action.ts'
import { text } from '../parameters.ts'

/** DeleteSubnet: refused while machines are in it. */
export const DeleteSubnet = action(
  { right: 'networks.remove-subnet', noun: 'subnet', parameters: { SubnetId: text } },
  async (request, { SubnetId }) => {
    await request.call(removeSubnet, { subnet: SubnetId })
    return { return: true }
  },
)
