import type { Id } from '@sirocco/shared/kit/id.ts'
import { type Laid, lyingIn } from '../../domain/volumes/pool.ts'
import { nextIntent } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'

/**
 * A volume of a shared pool becomes another host's, without a byte being copied: the one that had it is told to let go of it, as soon as it hears
 * anything. Nobody there has it open any more: it is attached to nothing, or that host is fenced.
 */
export const taken = (
  from: Id<'host'>,
  to: Id<'host'>,
  volume: Parameters<typeof nextIntent>[0] & { readonly pool: Laid },
  allocation: Id<'allocation'>,
): Change[] => [
  { do: 'tombstone.insert', host: from, subject: volume.id },
  // Above what that host is told.
  { do: 'volume.intent', ...nextIntent(volume), generation: volume.generation + 2 },
  { do: 'volume.taken', volume: volume.id, host: to },
  { do: 'allocation.release', consumer: volume.id },
  {
    do: 'allocation.claim',
    id: allocation,
    consumer: volume.id,
    host: to,
    vcpus: 0,
    memoryMiB: 0,
    diskMiB: volume.sizeMiB,
    lying: lyingIn(volume.pool),
  },
  { do: 'host.touch', host: from },
]
