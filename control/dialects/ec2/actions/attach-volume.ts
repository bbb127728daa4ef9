import { limits } from '@sirocco/shared/model/limits.ts'
import { attachVolume } from '../../../services/volumes/attach.ts'
import { action } from '../action.ts'
import { deviceAdvice, deviceNamed } from '../devices.ts'
import { instanceId, text, volumeId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderAttachment } from '../render/volume.ts'
import { volumeNamed } from '../volumes.ts'

const parameters = { VolumeId: volumeId, InstanceId: instanceId, Device: text.optional() }

/** AttachVolume, also to a running instance. The guest finds `/dev/sdf` as `/dev/vdf`, which is what is told of it afterwards. */
export const AttachVolume = action({ right: 'volumes.attach', noun: 'volume', parameters }, async (request, given) => {
  const volume = await volumeNamed(request, given.VolumeId)
  const [machine] = await request.machines([given.InstanceId])
  if (!machine) throw new Error('impossible: a machine was found and is not there')
  const device = given.Device === undefined ? undefined : deviceNamed(given.Device)
  if (device === null)
    throw new Refusal('InvalidParameterValue', `Value (${given.Device}) for parameter device is invalid: ${deviceAdvice}`)
  if (volume.attachment)
    throw new Refusal('VolumeInUse', `${volume.alias} is already attached to the instance '${volume.attachment.machineAlias}'`)
  if (volume.zone !== machine.zone)
    throw new Refusal(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volume.alias}' is in ${volume.zone}, and the instance '${machine.alias}' in ${machine.zone}`,
    )
  if (machine.volumes.some(one => one.device === device))
    throw new Refusal(
      'InvalidParameterValue',
      `Invalid value '${given.Device}' for unixDevice. Attachment point ${given.Device} is already in use`,
    )
  if (machine.volumes.filter(({ boot }) => !boot).length >= limits.volumesOfMachine)
    throw new Refusal('AttachmentLimitExceeded', `An instance has ${limits.volumesOfMachine} further volumes at most.`)
  await request.call(attachVolume, {
    volume: volume.id,
    machine: machine.id,
    ...(device === undefined ? {} : { device }),
  })
  return renderAttachment(await volumeNamed(request, volume.id)) ?? {}
})
