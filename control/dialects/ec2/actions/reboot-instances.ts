import { rebootMachines } from '../../../services/machines/reboot.ts'
import { action } from '../action.ts'
import { instanceId, list } from '../parameters.ts'

/** RebootInstances: all or none. */
export const RebootInstances = action(
  { right: 'machines.reboot', noun: 'instance', parameters: { InstanceId: list(instanceId) } },
  async (request, { InstanceId }) => {
    await request.call(rebootMachines, { machines: [...new Set(InstanceId)] })
    return { return: true }
  },
)
