import { stopMachines } from '../../../services/machines/stop.ts'
import { suspendMachines } from '../../../services/machines/suspend.ts'
import { action } from '../action.ts'
import { flag, instanceId, list } from '../parameters.ts'
import { renderStateChanges } from '../render/state-changes.ts'

const parameters = {
  InstanceId: list(instanceId),
  Force: flag.default(false),
  /** Every machine can; nothing need be said of it at launch. */
  Hibernate: flag.default(false),
}

/** StopInstances: all or none; asks the guest first, unless Force; with Hibernate its memory is kept, and StartInstances goes on from it. */
export const StopInstances = action(
  { right: 'machines.stop', noun: 'instance', parameters },
  async (request, { InstanceId, Force, Hibernate }) => {
    const before = await request.machines(InstanceId)
    const machines = before.map(machine => machine.id)
    if (Hibernate) await request.call(suspendMachines, { machines })
    else await request.call(stopMachines, { machines, force: Force })
    return renderStateChanges(before, await request.machines(InstanceId))
  },
)
