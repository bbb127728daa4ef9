import { SnapshotRefs } from '../inputs.ts'
import { read } from '../verb.ts'

/** In the order asked; `not_found` names the first that is not to be seen here. */
export const findSnapshots = read('snapshots.list', {
  input: SnapshotRefs,
  run: ({ store, scope }, { snapshots }) => store.snapshots.find(scope, snapshots),
})
