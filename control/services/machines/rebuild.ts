import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { z } from 'zod'
import { because } from '../../domain/machines/because.ts'
import { isRescued, type Machine, stateOfMachine } from '../../domain/machines/machine.ts'
import { rootDevice } from '../../domain/volumes/device.ts'
import { isReady } from '../../domain/volumes/permit.ts'
import { type Lying, lyingIn, poolFor } from '../../domain/volumes/pool.ts'
import { nextIntent } from '../../domain/volumes/volume.ts'
import type { Change, NewVolume } from '../../ports/changes.ts'
import { Ref, VolumeSize } from '../inputs.ts'
import { zoneNamed } from '../regions/find.ts'
import { type Context, write } from '../verb.ts'
import { begin } from '../volumes/begin.ts'
import { still } from './still.ts'

const Input = z.object({
  machine: Ref,
  /** What it begins anew with; the image it was launched from where neither is said. */
  image: Ref.optional(),
  /** What it goes back to: a snapshot on the machine's host. */
  snapshot: Ref.optional(),
  /** Of the new volume; of the old one where it is not said. */
  sizeMiB: VolumeSize.optional(),
})

type Source = Pick<NewVolume, 'sourceKind' | 'sourceImage' | 'sourceSnapshot' | 'zone' | 'pool'> & {
  readonly leastMiB: number
  readonly lying: Lying | undefined
  readonly holds: readonly Change[]
}

/**
 * Gives a stopped machine another volume to boot from: of an image, or of a snapshot, which is how it goes back. The old one is deleted if it
 * would be with the machine, else let go. Everything else of the machine stays.
 */
export const rebuildMachine = write('machines.rebuild', {
  input: Input,
  async run(context, input) {
    if (input.image !== undefined && input.snapshot !== undefined)
      return refuse('invalid', 'a machine is rebuilt from one thing: an image or a snapshot', { field: 'snapshot' })
    const found = await context.store.machines.find(context.scope, [input.machine])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine) throw new Error('impossible: found, and not there')
    if (isRescued(machine)) return refuse('precondition', because('is_rescued', machine.name), { field: machine.alias })
    if (stateOfMachine(machine) !== 'stopped' || machine.host === null)
      return refuse('precondition', `${machine.name} must be stopped before it is rebuilt; stop it first`, {
        field: machine.alias,
      })
    const stays = await still(context.store, [machine.id])
    if (!stays.ok) return stays
    const source = await sourceOf(context, machine, input)
    if (!source.ok) return source

    const { leastMiB, holds, lying, ...row } = source.value
    const old = machine.volumes.find(volume => volume.boot)
    const sizeMiB = input.sizeMiB ?? Math.max(old?.sizeMiB ?? machine.diskMiB, leastMiB)
    if (sizeMiB < leastMiB)
      return refuse('invalid', `the volume must have at least ${leastMiB} MiB, as what it is made from`, { field: 'sizeMiB' })
    const { ids, random, principal } = context
    const { project } = principal
    const id = ids.make('volume')
    const made = begin(context, 'volume.create', id, 1)
    const left = old ? letGo(context, old) : { operations: [], changes: [] }
    const changes: Change[] = [
      ...stays.value,
      ...holds,
      {
        do: 'machine.image',
        machine: machine.id,
        version: machine.version,
        image: row.sourceImage ?? machine.image,
      },
      ...left.changes,
      {
        do: 'volume.insert',
        volume: { id, alias: `vol-${hex(random, 17)}`, project, name: '', sizeMiB, ...row },
      },
      {
        do: 'attachment.insert',
        attachment: {
          volume: id,
          machine: machine.id,
          device: rootDevice,
          boot: true,
          readOnly: false,
          deleteOnTermination: old?.deleteOnTermination ?? true,
        },
      },
      {
        do: 'allocation.claim',
        id: ids.make('allocation'),
        consumer: id,
        host: machine.host,
        vcpus: 0,
        memoryMiB: 0,
        diskMiB: sizeMiB,
        lying,
      },
      ...made.changes,
      { do: 'event', project, type: 'machine.rebuilt', subject: machine.id, data: { volume: id } },
      { do: 'host.touch', host: machine.host },
    ]
    return ok({
      answer: { volume: id, operations: [made.operation, ...left.operations] },
      subjects: [machine.id, id],
      changes,
    })
  },
})

/** What it booted from so far: deleted, or let go. */
function letGo(context: Context, old: Machine['volumes'][number]): { operations: Id<'operation'>[]; changes: Change[] } {
  const intent = nextIntent(old, old.deleteOnTermination ? { deleted: true } : {})
  const changes: Change[] = [
    { do: 'volume.intent', ...intent },
    { do: 'attachment.remove', volume: old.id },
  ]
  const { operation, changes: begins } = begin(
    context,
    old.deleteOnTermination ? 'volume.delete' : 'volume.detach',
    old.id,
    intent.generation,
  )
  return { operations: [operation], changes: [...changes, ...begins] }
}

async function sourceOf(
  { store, scope }: Context,
  machine: Machine,
  { image, snapshot }: z.output<typeof Input>,
): Promise<Result<Source>> {
  if (snapshot !== undefined) {
    const found = await store.snapshots.find(scope, [snapshot])
    if (!found.ok) return found
    const [kept] = found.value
    if (!kept) throw new Error('impossible: found, and not there')
    const ready = isReady(kept)
    if (!ready.ok) return ready
    if (kept.host !== machine.host)
      return refuse(
        'precondition',
        `${kept.alias} lies on another host than ${machine.name}; choose a snapshot of its own volumes`,
        {
          field: 'snapshot',
        },
      )
    return ok({
      sourceKind: 'snapshot',
      sourceImage: null,
      sourceSnapshot: kept.id,
      zone: kept.zoneId,
      pool: kept.pool.id,
      lying: lyingIn(kept.pool),
      leastMiB: kept.sizeMiB,
      holds: [{ do: 'snapshot.holds', snapshot: kept.id, version: kept.version }],
    })
  }
  const boot = machine.volumes.find(volume => volume.boot)
  const [found, pools, regions, roots] = await Promise.all([
    store.images.find(scope, image ?? machine.image),
    store.pools.list(),
    store.regions.list(),
    boot ? store.volumes.find(scope, [boot.id]) : ok([]),
  ])
  if (!found.ok) return found
  if (!pools.ok) return pools
  if (!regions.ok) return regions
  if (!roots.ok) return roots
  const pool = poolFor(pools.value, machine.zone, roots.value[0]?.pool.id)
  if (!pool.ok) return pool
  const zone = zoneNamed(regions.value, machine.zone)
  if (!zone.ok) return zone
  return ok({
    sourceKind: 'image',
    sourceImage: found.value.id,
    sourceSnapshot: null,
    zone: zone.value.id,
    pool: pool.value.id,
    lying: lyingIn(pool.value),
    leastMiB: found.value.minDiskMiB,
    holds: [],
  })
}
