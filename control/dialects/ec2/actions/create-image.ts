import { z } from 'zod'
import { stateOfMachine } from '../../../domain/machines/machine.ts'
import { captureImage } from '../../../services/images/capture.ts'
import { action } from '../action.ts'
import { flag, instanceId, list, never, specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = {
  InstanceId: instanceId,
  Name: text.min(1, 'must not be empty').max(128, 'is longer than 128 characters'),
  Description: text.max(255, 'is longer than 255 characters').default(''),
  NoReboot: flag.default(false),
  /** Only what leaves a volume out. */
  BlockDeviceMapping: list(
    z.strictObject({
      DeviceName: text,
      NoDevice: text.optional(),
      Ebs: never('disks of images keep their size and fate here; leave Ebs out'),
      VirtualName: never('there are no instance store volumes here; leave VirtualName out'),
    }),
    40,
  ).default([]),
  TagSpecification: tagSpecifications(['image'], ['snapshot']),
}

/**
 * CreateImage, of the disk that an instance boots from. Nothing is rebooted here: a running instance is captured as it runs, which must be
 * asked for with NoReboot; and an image holds one disk, so that others must be left out with NoDevice.
 */
export const CreateImage = action({ right: 'images.capture', noun: 'image', parameters }, async (request, given) => {
  const [machine] = await request.machines([given.InstanceId])
  if (!machine) throw new Error('impossible: a machine was found and is not there')
  if (!given.NoReboot && stateOfMachine(machine) !== 'stopped')
    throw new Refusal(
      'IncorrectInstanceState',
      `The instance '${machine.alias}' is not stopped and is never rebooted for an image here; stop it, or give NoReboot and it is captured as a power cut would leave it.`,
    )
  const out = new Set(given.BlockDeviceMapping.map(({ DeviceName }) => DeviceName.replace(/^\/dev\//, '')))
  const left = machine.volumes.find(({ boot, device }) => !boot && !out.has(device))
  if (left)
    throw new Refusal(
      'UnsupportedOperation',
      `An image holds the root disk alone here; leave out /dev/${left.device} (${left.alias}) with NoDevice.`,
    )
  const { alias } = await request.call(captureImage, {
    machine: machine.id,
    name: given.Name,
    description: given.Description,
    tags: specifiedTags(given.TagSpecification, 'image'),
  })
  return { imageId: alias }
})
