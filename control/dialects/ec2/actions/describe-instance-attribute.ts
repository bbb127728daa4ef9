import { z } from 'zod'
import type { Machine } from '../../../domain/machines/machine.ts'
import { type Answer, action } from '../action.ts'
import { instanceId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { blockDevices, rootDevice } from '../render/instance.ts'
import { groupIdentifier } from '../render/security-group.ts'

const attributes = {
  blockDeviceMapping: blockDevices,
  disableApiStop: () => ({ value: false }),
  disableApiTermination: machine => ({ value: machine.protected }),
  ebsOptimized: () => ({ value: false }),
  enaSupport: () => ({ value: true }),
  enclaveOptions: () => ({ enabled: false }),
  groupSet: machine => machine.ports.flatMap(port => port.groups.map(groupIdentifier)),
  instanceInitiatedShutdownBehavior: machine => ({ value: machine.onGuestShutdown }),
  instanceType: machine => ({ value: machine.flavor }),
  productCodes: () => [],
  rootDeviceName: () => ({ value: rootDevice }),
  sourceDestCheck: () => ({ value: true }),
} as const satisfies Record<string, (machine: Machine) => Answer[string]>

const names = Object.keys(attributes)
const isAttribute = (name: string): name is keyof typeof attributes => Object.hasOwn(attributes, name)
/** User-data is a secret that is handed to the guest and to nobody else. */
const withheld: readonly string[] = ['userData', 'kernel', 'ramdisk', 'sriovNetSupport']

const parameters = { InstanceId: instanceId, Attribute: z.string().max(64) }

/** DescribeInstanceAttribute: one attribute of one machine. */
export const DescribeInstanceAttribute = action(
  { right: 'machines.list', noun: 'instance', parameters },
  async (request, { InstanceId, Attribute }) => {
    if (!isAttribute(Attribute)) {
      if (withheld.includes(Attribute))
        throw new Refusal('UnsupportedOperation', `The attribute ${Attribute} cannot be read here.`)
      throw new Refusal(
        'InvalidParameterValue',
        `Value (${Attribute}) for parameter attribute is invalid. Choose one of ${names.join(', ')}.`,
      )
    }
    const [machine] = await request.machines([InstanceId])
    if (!machine) throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${InstanceId}' does not exist`)
    return { instanceId: machine.alias, [Attribute]: attributes[Attribute](machine) }
  },
)
