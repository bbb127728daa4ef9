import { detachVolumes } from '../../../services/volumes/detach.ts'
import { action } from '../action.ts'
import { namesOf } from '../devices.ts'
import { instanceId, only, text, volumeId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderAttachment } from '../render/volume.ts'
import { volumeNamed } from '../volumes.ts'

const parameters = {
  VolumeId: volumeId,
  InstanceId: instanceId.optional(),
  Device: text.optional(),
  Force: only(['false'], 'a running guest is asked to let go of a volume; stop the instance where it does not').optional(),
}

/** DetachVolume: a running guest is asked to let go of it. */
export const DetachVolume = action({ right: 'volumes.detach', noun: 'volume', parameters }, async (request, given) => {
  const volume = await volumeNamed(request, given.VolumeId)
  const { attachment } = volume
  if (!attachment) throw new Refusal('IncorrectState', `Volume '${volume.alias}' is in the 'available' state.`)
  const elsewhere =
    (given.InstanceId !== undefined && given.InstanceId !== attachment.machineAlias) ||
    (given.Device !== undefined && !namesOf(attachment.device).includes(given.Device))
  if (elsewhere)
    throw new Refusal(
      'InvalidAttachment.NotFound',
      `'${volume.alias}' is attached to '${attachment.machineAlias}' as /dev/${attachment.device}, and to nothing else.`,
    )
  await request.call(detachVolumes, { volumes: [volume.id] })
  return renderAttachment(volume, 'detaching') ?? {}
})
