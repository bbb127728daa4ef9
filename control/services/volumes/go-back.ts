import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { isIn, isReady, outsideRescue } from '../../domain/volumes/permit.ts'
import type { Snapshot } from '../../domain/volumes/snapshot.ts'
import type { Volume } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import type { Context } from '../verb.ts'
import { begin } from './begin.ts'

interface GoingBack {
  readonly operation: Id<'operation'>
  readonly changes: readonly Change[]
}

/** One volume back to one of its snapshots, whose machine is off: what its batch writes. Later snapshots stay, and can be gone to again. */
export function goBack(context: Context, volume: Volume, snapshot: Snapshot): Result<GoingBack> {
  if (snapshot.volume !== volume.id)
    return refuse(
      'invalid',
      `${snapshot.alias} is of another volume; make a new volume from it, or choose one of ${volume.alias}`,
      {
        field: 'snapshot',
      },
    )
  const usable = isIn(volume, ['available', 'in-use', 'attaching'])
  if (!usable.ok) return usable
  const outside = outsideRescue(volume)
  if (!outside.ok) return outside
  const ready = isReady(snapshot)
  if (!ready.ok) return ready
  if (volume.host === null) throw new Error('impossible: a snapshot of a volume that lies nowhere')
  const generation = volume.generation + 1
  const { operation, changes } = begin(context, 'volume.revert', volume.id, generation)
  return ok({
    operation,
    changes: [
      { do: 'snapshot.holds', snapshot: snapshot.id, version: snapshot.version },
      { do: 'volume.revert', volume: volume.id, version: volume.version, generation, snapshot: snapshot.id },
      ...changes,
      { do: 'host.touch', host: volume.host },
    ],
  })
}
