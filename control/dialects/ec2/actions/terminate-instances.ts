import { deleteMachines } from '../../../services/machines/delete.ts'
import { action } from '../action.ts'
import { ignored, instanceId, list } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
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
    const kept = before.find(machine => machine.protected && machine.power !== 'gone' && machine.goneAt === null)
    if (kept)
      throw new Refusal(
        'OperationNotPermitted',
        `The instance '${kept.alias}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      )
    await request.call(deleteMachines, { machines: before.map(machine => machine.id) })
    return renderStateChanges(before, await request.machines(InstanceId))
  },
)
