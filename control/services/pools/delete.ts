import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { write } from '../verb.ts'
import { thePool } from './the-pool.ts'

/** Deletes a pool that nothing lies in and that is not its zone's default. One that is not there is no error. */
export const deletePool = write('pools.delete', {
  input: z.object({ pool: z.string().min(1).max(64) }),
  async run({ store }, { pool: ref }) {
    const found = await thePool(store, ref)
    if (!found.ok) return found.fault.code === 'not_found' ? ok({ answer: { deleted: false }, subjects: [], changes: [] }) : found
    const { id, name, zone, zoneId, isDefault, path } = found.value
    if (path === null)
      return refuse(
        'precondition',
        `${name} is the own directory of each agent, which cannot go; make another pool the default instead`,
      )
    if (isDefault) return refuse('precondition', `${name} is the default pool of ${zone}; make another one the default first`)
    const use = await store.pools.use(id)
    if (!use.ok) return use
    const { volumes, snapshots } = use.value
    if (volumes + snapshots > 0)
      return refuse(
        'precondition',
        `${volumes} volume(s) and ${snapshots} snapshot(s) are in the pool ${name}; delete them first, or wait until those that were deleted are forgotten`,
      )
    return ok({
      answer: { deleted: true },
      subjects: [id],
      changes: [
        { do: 'pool.delete', id },
        { do: 'zone.touch', zone: zoneId },
        { do: 'event', project: null, type: 'pool.gone', subject: id, data: { name, zone } },
      ],
    })
  },
})
