import type { Volume } from '../../domain/volumes/volume.ts'
import { stateOfVolume } from '../../domain/volumes/volume.ts'
import { findVolumes } from '../../services/volumes/find.ts'
import type { Request } from './action.ts'
import { Refusal } from './refusal.ts'

/** Those of these ids, in order, each once; refuses with the first that is not visible here, or is gone. */
export async function volumesNamed(request: Request, ids: readonly string[]): Promise<readonly Volume[]> {
  if (ids.length === 0) return []
  const found = await request.call(findVolumes, { volumes: [...new Set(ids)] })
  for (const volume of found) if (stateOfVolume(volume) === 'gone') throw noVolume(volume.alias)
  return found
}

export async function volumeNamed(request: Request, id: string): Promise<Volume> {
  const [volume] = await volumesNamed(request, [id])
  if (!volume) throw noVolume(id)
  return volume
}

const noVolume = (id: string) => new Refusal('InvalidVolume.NotFound', `The volume '${id}' does not exist.`)
