import { all, ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { nameOf, nextOf } from '../../domain/hosts/orphan.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { poolOfFound } from '../../domain/volumes/pool.ts'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { theOrphan } from './the-orphan.ts'

/**
 * Ends a machine that nobody asks for, by an admin who types its name, and removes all of it from its host: its definition, its files, and those of
 * its volumes that are nobody's here.
 */
export const removeOrphan = write('orphans.remove', {
  input: z.object({ host: Ref, orphan: Ref, confirm: z.string().max(255) }),
  async run({ store, ids, principal }, { confirm, ...refs }) {
    const looked = await theOrphan(store, refs)
    if (!looked.ok) return looked
    const { host, orphan } = looked.value
    const { machine, found } = orphan
    const name = nameOf(orphan)
    if (confirm !== name)
      return refuse('invalid', `type the machine's name, ${name}: it is ended, and its disks are lost`, { field: 'confirm' })
    if (!isId('machine', machine))
      return refuse('precondition', `${machine} is marked as no machine of this version: remove it on its host`)
    const volumes = (found?.volumes ?? []).filter(({ id }) => isId('volume', id))
    const [placed, pools] = await Promise.all([
      store.volumes.onHost(
        host.id,
        volumes.map(({ id }) => id),
      ),
      store.pools.list(),
    ])
    if (!placed.ok) return placed
    if (!pools.ok) return pools
    const lying = all(
      volumes.map(volume => {
        const pool = poolOfFound(pools.value, host.zone, volume.pool)
        return pool.ok ? ok({ ...volume, pool: pool.value.id }) : pool
      }),
    )
    if (!lying.ok) return lying
    const kept = new Set<string>(placed.value.map(({ id }) => id))
    const operation = ids.make('operation')
    const generation = orphan.generation + 1
    const changes: Change[] = [
      { do: 'orphan.remove', orphan: orphan.id, generation: orphan.generation },
      { do: 'orphan.bury', host: host.id, subject: machine, generation: nextOf(found?.generation), pool: null },
      ...lying.value
        .filter(({ id }) => !kept.has(id))
        .map(
          (volume): Change => ({
            do: 'orphan.bury',
            host: host.id,
            subject: volume.id as Id<'volume'>,
            generation: nextOf(volume.generation),
            pool: volume.pool,
          }),
        ),
      { do: 'host.touch', host: host.id },
      {
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'orphan.remove',
          workflow: workflowVersions['orphan.remove'],
          project: principal.project,
          subject: orphan.id,
          generation,
        },
      },
      { do: 'event', project: null, type: 'orphan.remove.asked', subject: host.id, data: { operation, machine, name } },
    ]
    return ok({ answer: { operation }, subjects: [host.id, machine], changes })
  },
})
