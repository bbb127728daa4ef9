import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import type { FoundVolume, FrozenDisk, OfMoment } from '../ports/volumes.ts'
import { type Ran, type Run, run as runHere } from '../programs/run.ts'
import { type RunConfined, runConfined } from '../programs/sandbox.ts'
import { broughtDisk } from './brought.ts'
import { sizeOfBase } from './disk-image.ts'
import { isThere } from './files.ts'
import { InTurn } from './in-turn.ts'
import { idShape } from './layers.ts'
import {
  CephPrograms,
  cephConfiguration,
  cephKeyring,
  gone,
  hasSnapshots,
  imagesOf,
  making,
  type RbdPool,
  rbdFault,
  wasNotThere,
  wasThereAlready,
} from './rbd.ts'
import { RbdHeld } from './rbd-held.ts'

/** `rbd info`, `image-meta list`, `snap ls`, `ls` and `ceph df` with `--format json`, of which only what decides. */
const Info = z.object({ size: z.number().int().nonnegative() })
const Meta = z.record(z.string(), z.string())
const Snaps = z.array(z.object({ name: z.string() }))
const Names = z.array(z.string())
const Room = z.object({
  pools: z.array(z.object({ name: z.string(), stats: z.object({ stored: z.number(), max_avail: z.number() }) })),
})

/** In an image's metadata: the last time that it went back to a snapshot. */
const turnKey = 'sirocco.turn'

/**
 * Volumes of pools in Ceph, as one host has them: each an image of its own, `sirocco.<pool>.<volume>`, with snapshots and clones of Ceph's. A volume is
 * here while this host holds it: a file of its name in `ceph/<pool>/held` of the agent's own directory. Another host may take it, and this one let go
 * of it, without a byte being copied.
 */
export class RbdPools {
  readonly #own: string
  readonly #run: Run
  readonly #ceph: CephPrograms
  readonly #held: RbdHeld
  readonly #turns = new InTurn()

  constructor(own: string, run: Run = runHere, confined: RunConfined = runConfined) {
    this.#own = own
    this.#run = run
    this.#ceph = new CephPrograms(own, run, confined)
    this.#held = new RbdHeld(own)
  }

  keepOnly(pools: readonly string[]): Promise<void> {
    return this.#held.keepOnly(pools)
  }

  /** Of the pool as its users see it, copies apart. */
  async room(pool: RbdPool): Promise<Result<{ readonly totalMiB: number }>> {
    const reached = await this.#ceph.reach(pool)
    if (!reached.ok) return reached
    const qemu = await this.#run('qemu-img', ['--help'])
    if (qemu.code === 0 && !/^Supported formats:.* rbd\b/m.test(qemu.stdout))
      return refuse('unavailable', 'QEMU on this host does not know Ceph: install qemu-block-extra')
    const ran = await this.#ceph.ask(pool, 'ceph', ['df', '--format', 'json'])
    const room = ran.code === 0 ? read(Room, ran) : rbdFault('looking at the pool in Ceph', ran)
    if (!room.ok) return room
    const found = room.value.pools.find(({ name }) => name === pool.path)
    if (!found) return refuse('unavailable', `Ceph has no pool ${pool.path}, or its user may not see it`)
    return ok({ totalMiB: Math.floor((found.stats.stored + found.stats.max_avail) / MiB) })
  }

  async find({ id }: Pick<WantedVolume, 'id'>, pool: RbdPool): Promise<Result<FoundVolume | null>> {
    if (!(await this.#held.holds(pool, id))) return ok(null)
    return this.#turns.take(id, () => this.#find(id, pool))
  }

  make(volume: WantedVolume, pool: RbdPool): Promise<Result<void>> {
    const { id, source } = volume
    if (!idShape.test(id)) return Promise.resolve(refuse('invalid', 'not a volume id'))
    return this.#turns.take(id, async () => {
      const reached = await this.#ceph.reach(pool)
      if (!reached.ok) return reached
      const image = imageOf(pool, id)
      const size = await this.#size(pool, image)
      if (!size.ok) return size
      if (size.value === null) {
        if (source.from === 'found')
          return refuse('internal', "the volume's data is not in its pool any more; restore it from a backup", { detail: id })
        await this.#held.hold(pool, id)
        const made = await this.#makeAnew(volume, pool)
        if (!made.ok) return made
        if (source.from === 'backup') await rm(dirname(broughtDisk(this.#own, id)), { recursive: true, force: true })
      } else await this.#held.hold(pool, id)
      return ok(undefined)
    })
  }

  grow({ id, sizeMiB }: WantedVolume, pool: RbdPool): Promise<Result<void>> {
    return this.#turns.take(id, async () => {
      if (!(await this.#held.holds(pool, id))) return missing(id)
      return this.#grow(pool, imageOf(pool, id), sizeMiB)
    })
  }

  revert({ id, reverted, sizeMiB }: WantedVolume, pool: RbdPool): Promise<Result<void>> {
    return this.#turns.take(id, async () => {
      const found = (await this.#held.holds(pool, id)) ? await this.#find(id, pool) : ok(null)
      if (!found.ok) return found
      if (found.value === null) return missing(id)
      if (!isDue(reverted, found.value.turn)) return ok(undefined)
      const image = imageOf(pool, id)
      const kept = await this.#snapshots(pool, image)
      if (!kept.ok) return kept
      if (!kept.value?.includes(reverted.snapshot))
        return refuse('not_found', 'the snapshot is not on this host any more', { detail: reverted.snapshot })
      const back = await this.#ceph.work(pool, ['snap', 'rollback', '--no-progress', `${at(pool, image)}@${reverted.snapshot}`])
      if (back.code !== 0) return rbdFault('going back to the snapshot', back)
      const grown = await this.#grow(pool, image, sizeMiB)
      if (!grown.ok) return grown
      return this.#done(pool, 'noting it', ['image-meta', 'set', at(pool, image), turnKey, `${reverted.turn}`])
    })
  }

  /** Another host has it now, or nobody: then its image goes, too, once nothing stands on its snapshots. */
  remove({ id, elsewhere }: Pick<WantedVolume, 'id' | 'elsewhere'>, pool: RbdPool): Promise<Result<void>> {
    if (!idShape.test(id)) return Promise.resolve(ok(undefined))
    return this.#turns.take(id, async () => {
      if (elsewhere) {
        await this.#held.letGo(pool, id)
        return ok(undefined)
      }
      const reached = await this.#ceph.reach(pool)
      if (!reached.ok) return reached
      const image = imageOf(pool, id)
      const half = await this.#ceph.work(pool, ['rm', '--no-progress', at(pool, image + making)])
      if (half.code !== 0 && !wasNotThere(half)) return rbdFault('removing the volume', half)
      const renamed = await this.#ceph.ask(pool, 'rbd', ['rename', at(pool, image), at(pool, image + gone)])
      if (renamed.code !== 0 && !wasNotThere(renamed)) return rbdFault('removing the volume', renamed)
      return this.#clear(pool, id)
    })
  }

  hasSnapshot({ id, volume }: WantedSnapshot, pool: RbdPool): Promise<Result<boolean>> {
    return this.#turns.take(volume, async () => {
      if (!(await this.#held.holds(pool, volume))) return ok(false)
      const found = await this.#imageWith(pool, volume, id)
      return found.ok ? ok(found.value !== null) : found
    })
  }

  /** Whoever has it open goes on in it: what Ceph keeps is what was written by then. */
  snapshot({ id, volume }: WantedSnapshot, pool: RbdPool): Promise<Result<void>> {
    if (!idShape.test(id)) return Promise.resolve(refuse('invalid', 'not a snapshot id'))
    return this.#turns.take(volume, () => this.#snapshot(pool, volume, id, id))
  }

  /**
   * Volumes of one machine at one moment, while that stands still: first under other names, so that one that was interrupted is known from one
   * that is done. Where one has its name, all were taken.
   */
  async keepMoment(
    each: readonly OfMoment[],
    pool: RbdPool,
    whileStill: (work: () => Promise<Result<void>>) => Promise<Result<void>>,
  ): Promise<Result<boolean>> {
    if (each.some(({ snapshot }) => !idShape.test(snapshot.id))) return refuse('invalid', 'not a snapshot id')
    const halves: string[] = []
    for (const { snapshot } of each) {
      if (!(await this.#held.holds(pool, snapshot.volume))) return missing(snapshot.volume)
      const kept = await this.#snapshots(pool, imageOf(pool, snapshot.volume))
      if (!kept.ok) return kept
      if (kept.value?.includes(snapshot.id)) halves.push(snapshot.id)
    }
    if (halves.length === 0) {
      const taken = await whileStill(async () => {
        for (const { snapshot } of each) {
          const half = `${snapshot.id}${making}`
          const dropped = await this.#drop(pool, imageOf(pool, snapshot.volume), half)
          const one = dropped.ok ? await this.#snapshot(pool, snapshot.volume, half, snapshot.id) : dropped
          if (!one.ok) return one
        }
        return ok(undefined)
      })
      if (!taken.ok) return taken
    }
    for (const { snapshot } of each) {
      if (halves.includes(snapshot.id)) continue
      const image = at(pool, imageOf(pool, snapshot.volume))
      const named = await this.#ceph.ask(pool, 'rbd', [
        ...['snap', 'rename', `${image}@${snapshot.id}${making}`],
        `${image}@${snapshot.id}`,
      ])
      if (named.code !== 0) return rbdFault('keeping the snapshot', named)
    }
    return ok(false)
  }

  removeSnapshot({ id, volume }: WantedSnapshot, pool: RbdPool): Promise<Result<void>> {
    if (!idShape.test(id)) return Promise.resolve(ok(undefined))
    return this.#turns.take(volume, async () => {
      if (!(await this.#held.holds(pool, volume))) return ok(undefined)
      for (const image of [imageOf(pool, volume), imageOf(pool, volume) + gone])
        for (const name of [id, id + making]) {
          const dropped = await this.#drop(pool, image, name)
          if (!dropped.ok) return dropped
        }
      await this.#held.dropNote(pool, id)
      const lives = await this.#size(pool, imageOf(pool, volume))
      if (!lives.ok) return lives
      return lives.value === null ? this.#clear(pool, volume) : ok(undefined)
    })
  }

  async frozen({ id, volume }: WantedSnapshot, pool: RbdPool): Promise<Result<FrozenDisk>> {
    const here = (await this.#held.holds(pool, volume)) ? await this.#imageWith(pool, volume, id) : ok(null)
    if (!here.ok) return here
    if (here.value === null) return refuse('not_found', 'the snapshot is not on this host', { detail: id })
    const kept = await this.#size(pool, `${here.value}@${id}`)
    if (!kept.ok) return kept
    if (kept.value === null) return refuse('not_found', 'the snapshot is not on this host', { detail: id })
    const conf = cephConfiguration(this.#own, pool.id)
    return ok({
      path: this.#ceph.forQemu(pool, `${here.value}@${id}`),
      format: 'raw',
      virtualBytes: kept.value,
      ceph: { pool: pool.path, image: here.value, snapshot: id, user: pool.user, conf },
    })
  }

  async #find(id: string, pool: RbdPool): Promise<Result<FoundVolume | null>> {
    const reached = await this.#ceph.reach(pool)
    if (!reached.ok) return reached
    const image = imageOf(pool, id)
    const [size, meta] = await Promise.all([
      this.#size(pool, image),
      this.#ceph.ask(pool, 'rbd', ['image-meta', 'list', '--format', 'json', at(pool, image)]),
    ])
    if (!size.ok || size.value === null) return size.ok ? ok(null) : size
    if (meta.code !== 0) return rbdFault('looking at the volume', meta)
    const noted = read(Meta, meta)
    if (!noted.ok) return noted
    const { monitors, user } = pool
    return ok({
      source: {
        ...{ type: 'rbd', format: 'raw', path: `rbd:${at(pool, image)}`, pool: pool.id },
        ...{ monitors, user, keyring: cephKeyring(this.#own, pool.id) },
      },
      sizeMiB: Math.floor(size.value / MiB),
      turn: Number(noted.value[turnKey] ?? 0),
    })
  }

  /** In bytes; null: no such image. */
  async #size(pool: RbdPool, image: string): Promise<Result<number | null>> {
    const ran = await this.#ceph.ask(pool, 'rbd', ['info', '--format', 'json', at(pool, image)])
    if (wasNotThere(ran)) return ok(null)
    if (ran.code !== 0) return rbdFault('looking at the volume', ran)
    const info = read(Info, ran)
    return info.ok ? ok(info.value.size) : info
  }

  /** null: no such image. */
  async #snapshots(pool: RbdPool, image: string): Promise<Result<readonly string[] | null>> {
    const ran = await this.#ceph.ask(pool, 'rbd', ['snap', 'ls', '--format', 'json', at(pool, image)])
    if (wasNotThere(ran)) return ok(null)
    if (ran.code !== 0) return rbdFault('looking at the snapshots', ran)
    const snaps = read(Snaps, ran)
    return snaps.ok ? ok(snaps.value.map(({ name }) => name)) : snaps
  }

  /** The image that has the snapshot: the volume's, or what is left of that; null: neither. */
  async #imageWith(pool: RbdPool, volume: string, snapshot: string): Promise<Result<string | null>> {
    const reached = await this.#ceph.reach(pool)
    if (!reached.ok) return reached
    for (const image of [imageOf(pool, volume), imageOf(pool, volume) + gone]) {
      const kept = await this.#snapshots(pool, image)
      if (!kept.ok) return kept
      if (kept.value?.includes(snapshot)) return ok(image)
    }
    return ok(null)
  }

  async #snapshot(pool: RbdPool, volume: string, name: string, snapshot: string): Promise<Result<void>> {
    if (!(await this.#held.holds(pool, volume))) return missing(volume)
    const image = imageOf(pool, volume)
    const kept = await this.#snapshots(pool, image)
    if (!kept.ok) return kept
    if (kept.value === null) return missing(volume)
    await this.#held.note(pool, snapshot, volume)
    if (kept.value.includes(name)) return ok(undefined)
    if (kept.value.length >= limits.snapshotsOfVolume)
      return refuse('precondition', `the volume has ${kept.value.length} snapshots, and may not have more; delete one of them`)
    const ran = await this.#ceph.ask(pool, 'rbd', ['snap', 'create', '--no-progress', `${at(pool, image)}@${name}`])
    return ran.code === 0 || wasThereAlready(ran) ? ok(undefined) : rbdFault('keeping the snapshot', ran)
  }

  async #drop(pool: RbdPool, image: string, snapshot: string): Promise<Result<void>> {
    const ran = await this.#ceph.ask(pool, 'rbd', ['snap', 'rm', '--no-progress', `${at(pool, image)}@${snapshot}`])
    return ran.code === 0 || wasNotThere(ran) ? ok(undefined) : rbdFault('removing the snapshot', ran)
  }

  /** Under another name until it is whole. */
  async #makeAnew(volume: WantedVolume, pool: RbdPool): Promise<Result<void>> {
    const image = imageOf(pool, volume.id)
    const half = image + making
    const before = await this.#ceph.work(pool, ['rm', '--no-progress', at(pool, half)])
    if (before.code !== 0 && !wasNotThere(before)) return rbdFault('making the volume', before)
    const made = await this.#fill(volume, pool, half)
    if (!made.ok) {
      await this.#ceph.work(pool, ['rm', '--no-progress', at(pool, half)])
      return made
    }
    return this.#done(pool, 'making the volume', ['rename', at(pool, half), at(pool, image)])
  }

  async #fill({ id, source, sizeMiB }: WantedVolume, pool: RbdPool, image: string): Promise<Result<void>> {
    if (source.from === 'snapshot') {
      const of = await this.#held.volumeOf(pool, source.snapshot)
      const parent = of === null ? ok(null) : await this.#imageWith(pool, of, source.snapshot)
      if (!parent.ok) return parent
      if (parent.value === null) return refuse('unavailable', 'waiting for the snapshot that the volume is made from')
      const cloned = await this.#done(pool, 'making the volume', [
        // The second form lets a snapshot go before what was made from it.
        ...['clone', '--rbd-default-clone-format', '2'],
        ...[`${at(pool, parent.value)}@${source.snapshot}`, at(pool, image)],
      ])
      return cloned.ok ? this.#grow(pool, image, sizeMiB) : cloned
    }
    const from = source.from === 'nothing' || source.from === 'found' ? ok(null) : await this.#fileOf(id, source, sizeMiB)
    if (!from.ok) return from
    const created = await this.#done(pool, 'making the volume', ['create', '--size', `${sizeMiB}M`, at(pool, image)])
    if (!created.ok || from.value === null) return created
    const filled = await this.#ceph.fill(pool, image, from.value)
    if (filled.code === 0) return ok(undefined)
    return /no space left|disk quota/i.test(filled.stderr)
      ? refuse('capacity', 'the pool in Ceph is full', { detail: filled.stderr.slice(0, 2_000) })
      : refuse('unavailable', 'copying the disk into Ceph failed', { detail: filled.stderr.slice(0, 2_000) })
  }

  /** The file on this host that it is a copy of. */
  async #fileOf(
    id: string,
    source: WantedVolume['source'] & { readonly from: 'image' | 'backup' },
    sizeMiB: number,
  ): Promise<Result<{ readonly path: string; readonly format: 'qcow2' | 'raw' }>> {
    const file = source.from === 'image' ? source.files.find(({ role }) => role === 'disk') : null
    if (file === undefined) return refuse('invalid', 'the image has no disk')
    const path = file === null ? broughtDisk(this.#own, id) : join(this.#own, 'images', file.sha256)
    if (!(await isThere(path)))
      return file === null
        ? refuse('unavailable', 'waiting for the backup to be brought here')
        : refuse('precondition', 'the image is not on this host', { detail: file.sha256 })
    const format = file?.format ?? 'qcow2'
    const size = await sizeOfBase(this.#run, path, format)
    if (!size.ok) return size
    return size.value > sizeMiB * MiB
      ? refuse('invalid', `the image needs a disk of ${Math.ceil(size.value / MiB)} MiB, the volume has ${sizeMiB}`)
      : ok({ path, format })
  }

  async #grow(pool: RbdPool, image: string, sizeMiB: number): Promise<Result<void>> {
    const size = await this.#size(pool, image)
    if (!size.ok) return size
    if (size.value === null) return refuse('not_found', 'the volume is not in its pool', { detail: image })
    return size.value >= sizeMiB * MiB
      ? ok(undefined)
      : this.#done(pool, 'growing the disk', ['resize', '--no-progress', '--size', `${sizeMiB}M`, at(pool, image)])
  }

  /**
   * Removes what is left of volumes that were removed, where nothing stands on it any more: of this one, and of others, since what went may have stood
   * on those. While a snapshot of it is kept here, this host holds it.
   */
  async #clear(pool: RbdPool, id: string): Promise<Result<void>> {
    const left = imageOf(pool, id) + gone
    const kept = await this.#snapshots(pool, left)
    if (!kept.ok) return kept
    const removed = await this.#ceph.work(pool, ['rm', '--no-progress', at(pool, left)])
    if (removed.code !== 0 && !wasNotThere(removed) && !hasSnapshots(removed)) return rbdFault('removing the volume', removed)
    if ((kept.value ?? []).length === 0) await this.#held.letGo(pool, id)
    const all = await this.#ceph.ask(pool, 'rbd', ['ls', '--format', 'json', pool.path])
    const names = all.code === 0 ? read(Names, all) : ok([])
    for (const name of names.ok ? names.value : [])
      if (name.startsWith(imagesOf(pool)) && name.endsWith(gone) && name !== left)
        await this.#ceph.work(pool, ['rm', '--no-progress', at(pool, name)])
    return ok(undefined)
  }

  async #done(pool: RbdPool, what: string, words: readonly string[]): Promise<Result<void>> {
    const ran = await this.#ceph.ask(pool, 'rbd', words)
    return ran.code === 0 ? ok(undefined) : rbdFault(what, ran)
  }
}

const imageOf = (pool: RbdPool, volume: string): string => `${imagesOf(pool)}${volume}`
const at = (pool: RbdPool, image: string): string => `${pool.path}/${image}`

/** Is it to go back once more? */
const isDue = (reverted: WantedVolume['reverted'], turn: number): reverted is NonNullable<WantedVolume['reverted']> =>
  reverted !== undefined && turn < reverted.turn

/** Of nothing it prints nothing, whatever form it is asked for. */
function read<S extends z.ZodType>(schema: S, ran: Ran): Result<z.output<S>> {
  try {
    const parsed = schema.safeParse(JSON.parse(ran.stdout.trim() === '' ? '{}' : ran.stdout))
    return parsed.success
      ? ok(parsed.data)
      : refuse('internal', 'Ceph answers what nobody understands', { detail: parsed.error.message })
  } catch (error) {
    return refuse('internal', 'Ceph answers what nobody understands', { detail: String(error) })
  }
}

const missing = (id: string) => refuse('not_found', 'the volume is not on this host', { detail: id })
