import type { Snapshot } from '../../domain/volumes/snapshot.ts'
import { findSnapshots } from '../../services/snapshots/find.ts'
import type { Request } from './action.ts'
import { Refusal } from './refusal.ts'

/** Those of these ids, in order, each once; refuses with the first that is not visible here, or is deleted: EC2's are gone at once. */
export async function snapshotsNamed(request: Request, ids: readonly string[]): Promise<readonly Snapshot[]> {
  const found = await request.call(findSnapshots, { snapshots: [...new Set(ids)] })
  const deleted = found.find(snapshot => snapshot.deleted)
  if (deleted) throw new Refusal('InvalidSnapshot.NotFound', `The snapshot '${deleted.alias}' does not exist.`)
  return found
}
