import { z } from 'zod'
import { snapshotMachine } from '../../../services/machines/snapshot.ts'
import { action } from '../action.ts'
import { instanceId, never, only, specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { renderSnapshot } from '../render/snapshot.ts'
import { snapshotsNamed } from '../snapshots.ts'

const whole = 'all volumes of an instance are kept together here; leave it out'

const parameters = {
  InstanceSpecification: z.strictObject({
    InstanceId: instanceId,
    ExcludeBootVolume: only(['false'], whole).optional(),
    ExcludeDataVolumeId: never(whole),
  }),
  Description: text.max(255, 'is longer than 255 characters').default(''),
  TagSpecification: tagSpecifications(['snapshot']),
  CopyTagsFromSource: never('give the tags themselves; leave CopyTagsFromSource out'),
  Location: only(['regional'], 'snapshots lie beside their volumes here; leave Location out').optional(),
  OutpostArn: never('there are no outposts here; leave OutpostArn out'),
}

/** CreateSnapshots: what all volumes of an instance hold at one moment. */
export const CreateSnapshots = action({ right: 'machines.snapshot', noun: 'instance', parameters }, async (request, given) => {
  const made = await request.call(snapshotMachine, {
    machine: given.InstanceSpecification.InstanceId,
    tags: specifiedTags(given.TagSpecification, 'snapshot'),
    ...(given.Description.trim() === '' ? {} : { name: given.Description }),
  })
  const { account } = request.principal
  const snapshots = await snapshotsNamed(request, made.snapshots)
  // One of several tells its state as `state`, unlike CreateSnapshot's (SnapshotInfo).
  return {
    snapshotSet: snapshots.map(snapshot => {
      const { status: state, ...rest } = renderSnapshot(snapshot, account)
      return { ...rest, state }
    }),
  }
})
