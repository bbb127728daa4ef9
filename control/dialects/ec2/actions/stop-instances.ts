import { stopMachines } from '../../../services/machines/stop.ts'
import { action } from '../action.ts'
import { flag, instanceId, list, only } from '../parameters.ts'
import { renderStateChanges } from '../render/state-changes.ts'

const parameters = {
  InstanceId: list(instanceId),
  Force: flag.default(false),
  Hibernate: only(['false'], 'machines cannot hibernate here; leave Hibernate out').optional(),
}

/** StopInstances: all or none; asks the guest first, unless Force. */
export const StopInstances = action(
  { right: 'machines.stop', noun: 'instance', parameters },
  async (request, { InstanceId, Force }) => {
    const before = await request.machines(InstanceId)
    await request.call(stopMachines, { machines: before.map(machine => machine.id), force: Force })
    return renderStateChanges(before, await request.machines(InstanceId))
  },
)
