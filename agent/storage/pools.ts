import { readdir, realpath, rename, rm, rmdir, stat, statfs, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { isSharedPool } from '@sirocco/shared/model/volumes/states.ts'
import type { WantedPool, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Arrival, Departure } from '../ports/move.ts'
import type { FoundVolume, Merge, OfMoment, Volumes } from '../ports/volumes.ts'
import { run } from '../programs/run.ts'
import { directoryVolumes, type VolumesOfDirectory } from './directory-volumes.ts'
import { fileFault, isThere, makeDirectory, namesIn, syncDirectory } from './files.ts'
import { InTurn } from './in-turn.ts'
import type { Parcel } from './parcel.ts'
import { isRbd } from './rbd.ts'
import { RbdPools } from './rbd-pools.ts'
import { sendParcels } from './send.ts'
import { isShared, SharedPools } from './shared-pool.ts'
import { takeParcels } from './take.ts'

export interface PooledVolumesOptions {
  /** Of this instance alone. */
  readonly dir: string
  /** This host, unlike any other that may see the same directories. */
  readonly host: string
}

/**
 * Volumes of a host in the pools that they are wanted in. A pool without a path lies in the agent's own directory; any other in
 * `sirocco-<host>` under its path, to which `pools/<id>` here is a link from before the first volume on: so it is known what lies where, whoever asks
 * and whatever is wanted. Images stay in the agent's own directory, and volumes stand on them from there.
 */
export function pooledVolumes({ dir, host }: PooledVolumesOptions): Volumes {
  return new PooledVolumes(resolve(dir), host)
}

/** A volume, or a snapshot of one. */
type Pooled = Pick<WantedVolume, 'id' | 'pool'> & { readonly volume?: string }

const nameShape = /^[A-Za-z0-9_-]{1,64}$/

class PooledVolumes implements Volumes {
  readonly #dir: string
  readonly #links: string
  readonly #host: string
  readonly #own: VolumesOfDirectory
  readonly #opened = new Map<string, VolumesOfDirectory>()
  readonly #turns = new InTurn()
  readonly #shared: SharedPools
  readonly #rbd: RbdPools

  constructor(dir: string, host: string) {
    if (!nameShape.test(host)) throw new Error('impossible: a host whose id is no name')
    this.#dir = dir
    this.#links = join(dir, 'pools')
    this.#host = host
    this.#own = directoryVolumes({ dir })
    this.#shared = new SharedPools(dir, this.#links)
    this.#rbd = new RbdPools(dir)
  }

  keepOnly(pools: readonly string[]): Promise<void> {
    return this.#rbd.keepOnly(pools)
  }

  async room(pool: WantedPool): Promise<Result<{ readonly totalMiB: number }>> {
    if (isRbd(pool)) return this.#rbd.room(pool)
    if (isShared(pool)) return this.#shared.room(pool)
    const { path } = pool
    const found = path === undefined ? null : await stat(path).catch(() => null)
    if (path === undefined || !found?.isDirectory()) return away(path ?? pool.id)
    if ((await this.#isLinked(pool.id)) && !(await isThere(join(this.#links, pool.id, 'volumes')))) return away(path)
    const { blocks, bsize } = await statfs(path)
    return ok({ totalMiB: Math.floor((blocks * bsize) / MiB) })
  }

  grow: Volumes['grow'] = volume =>
    isRbd(volume.pool) ? this.#rbd.grow(volume, volume.pool) : this.#in(volume, missing(volume.id), pool => pool.grow(volume))
  revert: Volumes['revert'] = volume =>
    isRbd(volume.pool) ? this.#rbd.revert(volume, volume.pool) : this.#in(volume, missing(volume.id), pool => pool.revert(volume))
  hasSnapshot: Volumes['hasSnapshot'] = snapshot =>
    isRbd(snapshot.pool)
      ? this.#rbd.hasSnapshot(snapshot, snapshot.pool)
      : this.#in(snapshot, ok(false), pool => pool.hasSnapshot(snapshot))
  removeSnapshot: Volumes['removeSnapshot'] = snapshot => {
    if (isRbd(snapshot.pool)) return this.#rbd.removeSnapshot(snapshot, snapshot.pool)
    return isShared(snapshot.pool)
      ? this.#shared.removeSnapshot(snapshot, snapshot.pool)
      : this.#emptying(snapshot, pool => pool.removeSnapshot(snapshot))
  }
  frozen: Volumes['frozen'] = snapshot =>
    isRbd(snapshot.pool)
      ? this.#rbd.frozen(snapshot, snapshot.pool)
      : this.#in(snapshot, missing(snapshot.id), pool => pool.frozen(snapshot))
  /** Ceph keeps its own files in order. */
  merges: Volumes['merges'] = async volume =>
    isRbd(volume.pool) ? ok(null) : this.#in(volume, ok(null), pool => pool.merges(volume))
  snapshot: Volumes['snapshot'] = (snapshot, open) =>
    isRbd(snapshot.pool)
      ? this.#rbd.snapshot(snapshot, snapshot.pool)
      : this.#in(snapshot, missing(snapshot.volume), pool => pool.snapshot(snapshot, open))

  make(volume: WantedVolume): Promise<Result<void>> {
    const { pool } = volume
    if (isRbd(pool)) return this.#rbd.make(volume, pool)
    if (isShared(pool)) return this.#turns.take(volume.id, () => this.#shared.make(volume, pool).catch(fileFault))
    return this.#turns.take(pool.id, async () => {
      const linked = await this.#link(volume.pool)
      if (!linked.ok) return linked
      return this.#in(volume, missing(volume.id), pool => pool.make(volume))
    })
  }

  async find(volume: Parameters<Volumes['find']>[0]): Promise<Result<FoundVolume | null>> {
    if (isRbd(volume.pool)) return this.#rbd.find(volume, volume.pool)
    if (volume.pool.id !== '') return this.#in(volume, ok(null), pool => pool.find(volume))
    const pools = await this.#known()
    if (!pools.ok) return pools
    for (const [id, pool] of pools.value) {
      const found = await pool.find(volume)
      if (!found.ok) return found
      if (found.value) return ok(id === null ? found.value : { ...found.value, pool: id })
    }
    return ok(null)
  }

  async remove(volume: Parameters<Volumes['remove']>[0]): Promise<Result<void>> {
    // Who takes everything off a host knows of no pools.
    const { pool } = volume
    if (isRbd(pool)) return this.#rbd.remove(volume, pool)
    if (isShared(pool)) return this.#turns.take(volume.id, () => this.#shared.remove(volume, pool).catch(fileFault))
    if (pool.id !== '') return this.#emptying(volume, directory => directory.remove(volume))
    const pools = await this.#known()
    if (!pools.ok) return pools
    for (const [id, pool] of pools.value) {
      const removed = await pool.remove(volume)
      if (!removed.ok) return removed
      if (id !== null) await this.#unlink(id)
    }
    return ok(undefined)
  }

  bases = () => this.#ofAll(pool => pool.bases())
  list = () => this.#ofAll(pool => pool.list())
  snapshots = () => this.#ofAll(pool => pool.snapshots())

  /** Each pool goes on only when those after it are as far: all marks are set before any guest goes on. */
  async keepMoment(...[each, switchTo, whileStill]: Parameters<Volumes['keepMoment']>): Promise<Result<boolean>> {
    const [first, ...more] = each.map(({ snapshot }) => snapshot.pool)
    if (first && isRbd(first) && more.every(({ id }) => id === first.id)) return this.#rbd.keepMoment(each, first, whileStill)
    if (each.some(({ snapshot }) => isRbd(snapshot.pool)))
      return refuse(
        'unsupported',
        'volumes of a pool in Ceph are not kept at one moment with volumes of other pools; take a snapshot of each',
      )
    const groups = [...Map.groupBy(each, ({ snapshot: { pool, volume } }) => (isShared(pool) ? volume : pool.id)).values()].sort(
      byOpen,
    )
    const from = async (
      at: number,
      files: readonly { readonly volume: string; readonly path: string }[],
    ): Promise<Result<boolean>> => {
      const group = groups[at]
      const first = group?.[0]
      if (!group || !first) return files.length === 0 ? ok(false) : switchTo(files)
      const going = { on: false }
      const kept = await this.#in(first.snapshot, missing(first.snapshot.volume), pool =>
        pool.keepMoment(
          group,
          more => {
            going.on = true
            return from(at + 1, [...files, ...more])
          },
          whileStill,
        ),
      )
      if (!kept.ok || going.on) return kept
      const rest = await from(at + 1, files)
      return rest.ok ? ok(rest.value && group.every(({ open }) => open !== null)) : rest
    }
    return from(0, [])
  }

  async merge(merge: Merge, options: Parameters<Volumes['merge']>[1]): Promise<Result<void>> {
    const shared = this.#shared.merge(merge)
    if (shared) return shared.merge(merge, options)
    const [, id] = merge.over.startsWith(`${this.#links}/`)
      ? (/^\/([A-Za-z0-9_-]+)\//.exec(merge.over.slice(this.#links.length)) ?? [])
      : []
    return id === undefined ? this.#own.merge(merge, options) : this.#opening(id).merge(merge, options)
  }

  async still(volume: Parameters<Volumes['still']>[0]): Promise<void> {
    if (!isRbd(volume.pool)) await this.#in(volume, ok(undefined), async pool => ok(await pool.still(volume)))
  }

  async send(...[volumes, peer, options]: Parameters<Volumes['send']>): Promise<Departure> {
    const parcels: Parcel[] = []
    for (const volume of volumes) {
      // It lies where the other host has it, too.
      if (isSharedPool(volume.pool.type)) continue
      const packed = await this.#in(volume, missing(volume.id), pool => pool.pack(volume))
      if (!packed.ok) return { kind: 'stayed', fault: packed.fault }
      parcels.push(packed.value)
    }
    return sendParcels(this.#dirOf(volumes), parcels, peer, { ...options, pause: setTimeout })
  }

  take(all: readonly WantedVolume[]): Promise<Result<Arrival>> {
    const volumes = all.filter(({ pool }) => !isSharedPool(pool.type))
    const pools = [...new Map(volumes.map(volume => [volume.pool.id, volume])).values()].sort((a, b) =>
      a.pool.id < b.pool.id ? -1 : 1,
    )
    // In one order, so that nobody waits for another in a ring.
    const within = ([first, ...rest]: readonly WantedVolume[], work: () => Promise<Result<void>>): Promise<Result<void>> =>
      first === undefined ? work() : this.#in(first, missing(first.id), pool => pool.alone(() => within(rest, work)))
    return takeParcels({
      dirOf: this.#dirOf(volumes),
      images: join(this.#dir, 'images'),
      run,
      volumes,
      alone: work => within(pools, work),
    })
  }

  #dirOf(volumes: readonly Pick<WantedVolume, 'id' | 'pool'>[]): (volume: string) => string {
    const pools = new Map(volumes.map(({ id, pool }) => [id, pool]))
    return id => {
      const pool = pools.get(id)
      return pool?.path === undefined ? this.#dir : join(this.#links, pool.id)
    }
  }

  /** What a pool says; `unknown` where nothing was ever made in it, `unavailable` while its directory is not there. */
  async #in<T>(
    { id, volume = id, pool }: Pooled,
    unknown: Result<T>,
    ask: (volumes: VolumesOfDirectory) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    if (isShared(pool)) return this.#shared.in(pool, volume, unknown, ask)
    if (pool.path === undefined) return ask(this.#own)
    if (!nameShape.test(pool.id)) return refuse('invalid', 'not a pool id')
    if (!(await this.#isLinked(pool.id))) return unknown
    return (await isThere(join(this.#links, pool.id, 'volumes'))) ? ask(this.#opening(pool.id)) : away(pool.path)
  }

  async #emptying(one: Pooled, remove: (volumes: VolumesOfDirectory) => Promise<Result<void>>): Promise<Result<void>> {
    const removed = await this.#in(one, ok(undefined), remove)
    if (removed.ok && one.pool.path !== undefined) await this.#turns.take(one.pool.id, () => this.#unlink(one.pool.id))
    return removed
  }

  async #ofAll(ask: (volumes: VolumesOfDirectory) => Promise<Result<readonly string[]>>): Promise<Result<readonly string[]>> {
    const pools = await this.#known()
    if (!pools.ok) return pools
    const found = new Set<string>()
    for (const pool of pools.value.values()) {
      const some = await ask(pool)
      if (!some.ok) return some
      for (const one of some.value) found.add(one)
    }
    return ok([...found])
  }

  /** Every pool here by id, the own by none; `unavailable` while one of them cannot be looked into. */
  async #known(): Promise<Result<ReadonlyMap<string | null, VolumesOfDirectory>>> {
    const pools = new Map<string | null, VolumesOfDirectory>([[null, this.#own]])
    try {
      for (const id of await namesIn(this.#links)) {
        if (!nameShape.test(id)) continue
        if (!(await isThere(join(this.#links, id, 'volumes')))) return away(id)
        pools.set(id, this.#opening(id))
      }
      return ok(pools)
    } catch (error) {
      return fileFault(error)
    }
  }

  #opening(id: string): VolumesOfDirectory {
    const opened = this.#opened.get(id) ?? directoryVolumes({ dir: join(this.#links, id), own: this.#dir })
    this.#opened.set(id, opened)
    return opened
  }

  async #isLinked(id: string): Promise<boolean> {
    return (await namesIn(this.#links)).includes(id)
  }

  /** The directory is there, and the link to it, before anything is made in it: a disk that is not mounted is not written around. */
  async #link({ id, path }: WantedPool): Promise<Result<void>> {
    if (path === undefined) return ok(undefined)
    if (!nameShape.test(id)) return refuse('invalid', 'not a pool id')
    const link = join(this.#links, id)
    const place = join(path, `sirocco-${this.#host}`, id)
    if (await this.#isLinked(id)) {
      if (!(await isThere(join(link, 'volumes')))) return away(path)
      return (await realpath(link)) === (await realpath(place).catch(() => ''))
        ? ok(undefined)
        : refuse('conflict', 'the pool lies in another directory of this host', { detail: place })
    }
    const found = await stat(path).catch(() => null)
    if (!found?.isDirectory()) return away(path)
    await makeDirectory(join(place, 'volumes'))
    await syncDirectory(place)
    await makeDirectory(this.#links)
    await rm(`${link}.making`, { force: true })
    await symlink(place, `${link}.making`)
    await rename(`${link}.making`, link)
    await syncDirectory(this.#links)
    return ok(undefined)
  }

  /** Where nothing is left in it, neither directory nor link stays. */
  async #unlink(id: string): Promise<Result<void>> {
    const link = join(this.#links, id)
    const place = await realpath(link).catch(() => null)
    if (place === null) return ok(undefined)
    const left = await readdir(join(place, 'volumes')).catch(() => ['unknown'])
    if (left.length > 0) return ok(undefined)
    await rm(link, { force: true })
    await syncDirectory(this.#links)
    for (const empty of [join(place, 'volumes'), place, join(place, '..')]) await rmdir(empty).catch(() => undefined)
    this.#opened.delete(id)
    return ok(undefined)
  }
}

/** Those of which a guest has some open come first: what they hand on is not empty then. */
const byOpen = (a: readonly OfMoment[], b: readonly OfMoment[]): number => openIn(b) - openIn(a)
const openIn = (group: readonly OfMoment[]): number => group.filter(({ open }) => open !== null).length

const missing = (id: string) => refuse('not_found', 'the volume is not on this host', { detail: id })
const away = (detail: string) =>
  refuse('unavailable', "the pool's directory is not on this host; mount it, or make it there", { detail })
