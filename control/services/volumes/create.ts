import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { z } from 'zod'
import { isReady as isRestorable } from '../../domain/backups/backup.ts'
import { isIn, isReady, outsideRescue } from '../../domain/volumes/permit.ts'
import { type Lying, lyingIn, poolFor } from '../../domain/volumes/pool.ts'
import type { Snapshot } from '../../domain/volumes/snapshot.ts'
import type { Volume } from '../../domain/volumes/volume.ts'
import type { Change, NewVolume } from '../../ports/changes.ts'
import { Name, PoolRef, Ref, Tags, VolumeSize } from '../inputs.ts'
import { newSnapshot } from '../snapshots/new.ts'
import { type Context, write } from '../verb.ts'
import { begin } from './begin.ts'

const Input = z.object({
  name: Name.optional(),
  /** Needed where it is made from nothing; else at least as large as what it is made from. */
  sizeMiB: VolumeSize.optional(),
  zone: z.string().max(64).optional(),
  /** By name or id; the zone's default where it is not said. What is made from a snapshot or a volume lies where that does. */
  pool: PoolRef.optional(),
  image: Ref.optional(),
  snapshot: Ref.optional(),
  backup: Ref.optional(),
  /** A copy of this one, as it is now. */
  volume: Ref.optional(),
  tags: Tags.default({}),
})
type Input = z.output<typeof Input>

/** What a volume is made from, and what of its row follows. */
interface Made
  extends Pick<NewVolume, 'zone' | 'pool' | 'sizeMiB' | 'sourceKind' | 'sourceImage' | 'sourceSnapshot' | 'sourceBackup'> {
  /** Where it must lie; null: wherever it is used first. */
  readonly host: Id<'host'> | null
  /** Where its room is counted. */
  readonly lying: Lying | undefined
  readonly changes: readonly Change[]
  readonly operations: readonly Id<'operation'>[]
}

/**
 * Makes a volume: empty, from an image, a snapshot or a backup, or as a copy of another. One that is empty, of an image or of a backup lies nowhere until a machine
 * on some host gets it; the others lie where their snapshot does.
 */
export const createVolume = write('volumes.create', {
  input: Input,
  async run(context, input) {
    if ([input.image, input.snapshot, input.backup, input.volume].filter(source => source !== undefined).length > 1)
      return refuse('invalid', 'a volume is made from one thing: an image, a snapshot, a backup or another volume', {
        field: 'snapshot',
      })
    if (input.pool !== undefined && (input.snapshot !== undefined || input.volume !== undefined))
      return refuse('invalid', 'what is made from a snapshot or a volume lies in the same pool; leave the pool out', {
        field: 'pool',
      })
    const made = await sourceOf(context, input)
    if (!made.ok) return made
    const { host, lying, changes: before, operations: begun, ...row } = made.value
    const { ids, random, principal } = context
    const { project } = principal
    const id = ids.make('volume')
    const operations = [...begun]
    const changes: Change[] = [
      ...before,
      {
        do: 'volume.insert',
        volume: { id, alias: `vol-${hex(random, 17)}`, project, name: input.name ?? input.tags.Name ?? '', ...row },
      },
      ...Object.entries(input.tags).map(([key, value]) => ({ do: 'tag.set', project, resource: id, key, value }) as const),
    ]
    if (host === null) changes.push({ do: 'event', project, type: 'volume.create.asked', subject: id, data: {} })
    else {
      const { operation, changes: begins } = begin(context, 'volume.create', id, 1)
      operations.push(operation)
      changes.push(claim(context, id, host, { diskMiB: row.sizeMiB, lying }), ...begins, { do: 'host.touch', host })
    }
    return ok({ answer: { volume: id, operations }, subjects: [id], changes })
  },
})

const claim = (
  { ids }: Context,
  consumer: Id<'volume'>,
  host: Id<'host'>,
  room: { readonly diskMiB: number; readonly lying: Lying | undefined },
): Change => ({
  do: 'allocation.claim',
  id: ids.make('allocation'),
  consumer,
  host,
  vcpus: 0,
  memoryMiB: 0,
  ...room,
})

async function sourceOf(context: Context, input: Input): Promise<Result<Made>> {
  const { store, scope } = context
  if (input.snapshot !== undefined) {
    const found = await store.snapshots.find(scope, [input.snapshot])
    if (!found.ok) return found
    const [snapshot] = found.value
    return snapshot ? fromSnapshot(snapshot, input) : refuse('not_found', `there is no snapshot ${input.snapshot}`)
  }
  if (input.volume !== undefined) {
    const found = await store.volumes.find(scope, [input.volume])
    if (!found.ok) return found
    const [volume] = found.value
    return volume ? copyOf(context, volume, input) : refuse('not_found', `there is no volume ${input.volume}`)
  }
  return fromNothing(context, input)
}

const tooSmall = (least: number): Result<never> =>
  refuse('invalid', `the volume must have at least ${least} MiB, as what it is made from`, { field: 'sizeMiB' })

function fromSnapshot(snapshot: Snapshot, { sizeMiB = snapshot.sizeMiB }: Input): Result<Made> {
  const ready = isReady(snapshot)
  if (!ready.ok) return ready
  if (sizeMiB < snapshot.sizeMiB) return tooSmall(snapshot.sizeMiB)
  return ok({
    zone: snapshot.zoneId,
    pool: snapshot.pool.id,
    sizeMiB,
    sourceKind: 'snapshot',
    sourceImage: null,
    sourceSnapshot: snapshot.id,
    host: snapshot.host,
    lying: lyingIn(snapshot.pool),
    changes: [{ do: 'snapshot.holds', snapshot: snapshot.id, version: snapshot.version }],
    operations: [],
  })
}

/** What it holds now is frozen first, and stands under both. */
function copyOf(context: Context, volume: Volume, { sizeMiB = volume.sizeMiB }: Input): Result<Made> {
  const usable = isIn(volume, ['available', 'in-use'])
  if (!usable.ok) return usable
  const outside = outsideRescue(volume)
  if (!outside.ok) return outside
  if (sizeMiB < volume.sizeMiB) return tooSmall(volume.sizeMiB)
  const where = { zone: volume.zoneId, pool: volume.pool.id, sizeMiB, lying: lyingIn(volume.pool) }
  // One that was never used holds nothing but what it is made from.
  if (volume.host === null) {
    const { sourceKind, sourceImage, sourceSnapshot, sourceBackup } = volume
    return ok({ ...where, sourceKind, sourceImage, sourceSnapshot, sourceBackup, host: null, changes: [], operations: [] })
  }
  const { snapshot, operation, changes } = newSnapshot(context, volume, { name: '', passing: true })
  return ok({
    ...where,
    sourceKind: 'snapshot',
    sourceImage: null,
    sourceSnapshot: snapshot,
    host: volume.host,
    changes,
    operations: [operation],
  })
}

/** What lies on no host. */
async function fromNothing({ store, scope }: Context, input: Input): Promise<Result<Made>> {
  const [regions, pools, image, backups] = await Promise.all([
    store.regions.list(),
    store.pools.list(),
    input.image === undefined ? ok(null) : store.images.find(scope, input.image),
    input.backup === undefined ? ok([]) : store.backups.find(scope, [input.backup]),
  ])
  if (!regions.ok) return regions
  if (!pools.ok) return pools
  if (!image.ok) return image
  if (!backups.ok) return backups
  const [backup] = backups.value
  const ready = backup ? isRestorable(backup) : ok(undefined)
  if (!ready.ok) return ready
  const zones = regions.value.flatMap(region => region.zones)
  const zone = zones.find(z => input.zone === undefined || z.name === input.zone)
  if (!zone)
    return refuse('invalid', `there is no zone ${input.zone}; choose one of ${zones.map(z => z.name).join(', ')}`, {
      field: 'zone',
    })
  const pool = poolFor(pools.value, zone.name, input.pool)
  if (!pool.ok) return pool
  const least = image.value?.minDiskMiB ?? backup?.sizeMiB
  const sizeMiB = input.sizeMiB ?? least
  if (sizeMiB === undefined) return refuse('invalid', 'say how large the volume shall be', { field: 'sizeMiB' })
  if (least !== undefined && sizeMiB < least) return tooSmall(least)
  return ok({
    zone: zone.id,
    pool: pool.value.id,
    lying: lyingIn(pool.value),
    sizeMiB,
    sourceKind: image.value ? 'image' : backup ? 'backup' : 'nothing',
    sourceImage: image.value?.id ?? null,
    sourceSnapshot: null,
    sourceBackup: backup?.id ?? null,
    host: null,
    changes: backup ? [{ do: 'backup.holds', backup: backup.id, version: backup.version }] : [],
    operations: [],
  })
}
