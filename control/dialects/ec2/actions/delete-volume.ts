import { deleteVolumes } from '../../../services/volumes/delete.ts'
import { action } from '../action.ts'
import { volumeId } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { volumeNamed } from '../volumes.ts'

const parameters = { VolumeId: volumeId }

/** DeleteVolume: one that no machine has; its snapshots stay. */
export const DeleteVolume = action({ right: 'volumes.delete', noun: 'volume', parameters }, async (request, { VolumeId }) => {
  const { alias, attachment } = await volumeNamed(request, VolumeId)
  if (attachment)
    throw new Refusal('VolumeInUse', `Volume ${alias} is currently attached to ${attachment.machineAlias}; detach it first.`)
  await request.call(deleteVolumes, { volumes: [VolumeId] })
  return { return: true }
})
