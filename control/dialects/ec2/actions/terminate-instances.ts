import { deleteMachines } from '../../../services/machines/delete.ts'
import { action } from '../action.ts'
import { ignored, instanceId, list } from '../parameters.ts'
import { renderStateChanges } from '../render/state-changes.ts'

/** TerminateInstances: all or none; of what is terminated already, it says so again. */
export const TerminateInstances = action(
  {
    right: 'machines.delete',
    noun: 'instance',
    parameters: { InstanceId: list(instanceId), Force: ignored, SkipOsShutdown: ignored },
  },
  async (request, { InstanceId }) => {
    const before = await request.machines(InstanceId)
    await request.call(deleteMachines, { machines: before.map(machine => machine.id) })
    return renderStateChanges(before, await request.machines(InstanceId))
  },
)
