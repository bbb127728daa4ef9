import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { findSnapshots } from '../../../services/snapshots/find.ts'
import { createVolume } from '../../../services/volumes/create.ts'
import { action } from '../action.ts'
import { ignored, integer, never, only, snapshotId, specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderVolume } from '../render/volume.ts'
import { volumeNamed } from '../volumes.ts'

const off = (what: string) => only(['false'], `${what} is not available here; leave it out`).optional()

const parameters = {
  AvailabilityZone: text,
  /** GiB. */
  Size: integer(1, limits.volumeMiB / 1024).optional(),
  /** Empty, as libcloud sends it: none. */
  SnapshotId: z.union([z.literal(''), snapshotId]).optional(),
  ClientToken: z.string().max(64, 'is longer than 64 characters').optional(),
  TagSpecification: tagSpecifications(['volume']),
  Encrypted: off('encryption'),
  KmsKeyId: never('encryption is not available here; leave KmsKeyId out'),
  MultiAttachEnabled: off('a volume of several machines'),
  OutpostArn: never('there are no outposts here; leave OutpostArn out'),
  // Kinds of storage are an admin's to name here; all volumes are of the default pool.
  VolumeType: ignored,
  Iops: ignored,
  Throughput: ignored,
}

/** CreateVolume: empty or from a snapshot. It lies beside its snapshot, or where the first machine that gets it runs. */
export const CreateVolume = action({ right: 'volumes.create', noun: 'volume', parameters }, async (request, given) => {
  const { Size, AvailabilityZone, SnapshotId, ClientToken } = given
  const snapshot = SnapshotId || undefined
  if (Size === undefined && snapshot === undefined)
    throw new Refusal('MissingParameter', 'The request must contain the parameter Size or SnapshotId')
  if (snapshot !== undefined) {
    const [found] = await request.call(findSnapshots, { snapshots: [snapshot] })
    if (found && found.zone !== AvailabilityZone)
      throw new Refusal(
        'UnsupportedOperation',
        `Snapshots stay in their zone here: '${found.alias}' lies in ${found.zone}; make the volume there.`,
      )
  }
  const made = await request.call(
    createVolume,
    {
      zone: AvailabilityZone,
      tags: specifiedTags(given.TagSpecification, 'volume'),
      ...(Size === undefined ? {} : { sizeMiB: Size * 1024 }),
      ...(snapshot === undefined ? {} : { snapshot }),
    },
    ClientToken,
  )
  return renderVolume(await volumeNamed(request, made.volume))
})
