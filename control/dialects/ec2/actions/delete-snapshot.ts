import { deleteSnapshots } from '../../../services/snapshots/delete.ts'
import { action } from '../action.ts'
import { snapshotId } from '../parameters.ts'
import { snapshotsNamed } from '../snapshots.ts'

const parameters = { SnapshotId: snapshotId }

/** DeleteSnapshot: volumes made from it stay. */
export const DeleteSnapshot = action(
  { right: 'snapshots.delete', noun: 'snapshot', parameters },
  async (request, { SnapshotId }) => {
    await snapshotsNamed(request, [SnapshotId])
    await request.call(deleteSnapshots, { snapshots: [SnapshotId] })
    return { return: true }
  },
)
