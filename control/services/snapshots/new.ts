import type { Id } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { lyingIn } from '../../domain/volumes/pool.ts'
import type { Volume } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import type { Context } from '../verb.ts'
import { begin } from '../volumes/begin.ts'

/** A snapshot of a volume that lies on a host: its row, its claim there, and the operation that makes it. */
export function newSnapshot(
  context: Context,
  volume: Volume,
  { name, passing, moment }: { readonly name: string; readonly passing: boolean; readonly moment?: Id<'snapshot'> | 'its own' },
): { readonly snapshot: Id<'snapshot'>; readonly operation: Id<'operation'>; readonly changes: readonly Change[] } {
  const { ids, random, principal } = context
  const { host } = volume
  if (host === null) throw new Error('impossible: a snapshot of a volume that lies nowhere')
  const snapshot = ids.make('snapshot')
  const { operation, changes } = begin(context, 'snapshot.create', snapshot, 1)
  return {
    snapshot,
    operation,
    changes: [
      {
        do: 'snapshot.insert',
        snapshot: {
          id: snapshot,
          alias: `snap-${hex(random, 17)}`,
          project: principal.project,
          zone: volume.zoneId,
          pool: volume.pool.id,
          volume: volume.id,
          volumeAlias: volume.alias,
          name,
          passing,
          ...(moment === undefined ? {} : { moment: moment === 'its own' ? snapshot : moment }),
          sizeMiB: volume.sizeMiB,
        },
      },
      {
        do: 'allocation.claim',
        id: ids.make('allocation'),
        consumer: snapshot,
        host,
        vcpus: 0,
        memoryMiB: 0,
        diskMiB: volume.sizeMiB,
        lying: lyingIn(volume.pool),
      },
      ...changes,
      { do: 'host.touch', host },
    ],
  }
}
