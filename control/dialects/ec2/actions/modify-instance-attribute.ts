import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { onGuestShutdown } from '../../../services/machines/guest-shutdown.ts'
import { protectMachine } from '../../../services/machines/protect.ts'
import { resizeMachine } from '../../../services/machines/resize.ts'
import { setMachineGroups } from '../../../services/machines/set-groups.ts'
import { changeUserData } from '../../../services/machines/user-data.ts'
import { action } from '../action.ts'
import { flag, instanceId, list, never, only, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const value = <T extends z.ZodType>(of: T) => z.strictObject({ Value: of }).optional()

/** By `Attribute` and `Value`, the older form, or by the attribute's own name. */
const parameters = {
  InstanceId: instanceId,
  Attribute: z.enum(['instanceType', 'userData', 'disableApiTermination', 'instanceInitiatedShutdownBehavior']).optional(),
  Value: z.string().optional(),
  InstanceType: value(text),
  UserData: value(z.string()),
  DisableApiTermination: value(flag),
  InstanceInitiatedShutdownBehavior: value(z.enum(['stop', 'terminate'])),
  SourceDestCheck: value(only(['true'], 'the source of a packet is always checked here; leave SourceDestCheck out')),
  GroupId: list(text, limits.groupsOfPort).optional(),
  BlockDeviceMapping: never('the disk comes with the instance type; leave block device mappings out'),
}

const behaviour = z.enum(['stop', 'terminate'])

/** ModifyInstanceAttribute: one attribute of one machine. */
export const ModifyInstanceAttribute = action(
  { right: 'machines.protect', noun: 'instance', parameters },
  async (request, { InstanceId, Attribute, Value, ...own }) => {
    const older = (name: typeof Attribute) => (Attribute === name ? Value : undefined)
    const machine = InstanceId
    const type = own.InstanceType?.Value ?? older('instanceType')
    const data = own.UserData?.Value ?? older('userData')
    const kept = own.DisableApiTermination?.Value ?? flag.optional().safeParse(older('disableApiTermination')).data
    const shutdown =
      own.InstanceInitiatedShutdownBehavior?.Value ??
      behaviour.optional().safeParse(older('instanceInitiatedShutdownBehavior')).data
    const given = [type, data, kept, shutdown, own.GroupId].filter(each => each !== undefined)
    if (given.length > 1)
      throw new Refusal('InvalidParameterCombination', 'Fields for multiple attribute types specified; modify one at a time.')
    if (type !== undefined) await request.call(resizeMachine, { machine, flavor: type })
    else if (data !== undefined) await request.call(changeUserData, { machine, userData: data.replace(/\s/g, '') || null })
    else if (kept !== undefined) await request.call(protectMachine, { machine, protected: kept })
    else if (shutdown !== undefined) await request.call(onGuestShutdown, { machine, onGuestShutdown: shutdown })
    else if (own.GroupId !== undefined) await request.call(setMachineGroups, { machine, groups: own.GroupId })
    else if (own.SourceDestCheck === undefined)
      throw new Refusal('MissingParameter', 'The request must contain an attribute to modify.')
    return { return: true }
  },
)
