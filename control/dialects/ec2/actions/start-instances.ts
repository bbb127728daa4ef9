import { startMachines } from '../../../services/machines/start.ts'
import { action } from '../action.ts'
import { ignored, instanceId, list } from '../parameters.ts'
import { renderStateChanges } from '../render/state-changes.ts'

/** StartInstances: all or none. */
export const StartInstances = action(
  { right: 'machines.start', noun: 'instance', parameters: { InstanceId: list(instanceId), AdditionalInfo: ignored } },
  async (request, { InstanceId }) => {
    const before = await request.machines(InstanceId)
    await request.call(startMachines, { machines: before.map(machine => machine.id) })
    return renderStateChanges(before, await request.machines(InstanceId))
  },
)
