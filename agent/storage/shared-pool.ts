import { lstat, readFile, rename, rm, rmdir, statfs, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { sharedMark } from '@sirocco/shared/model/volumes/pool-path.ts'
import type { WantedPool, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Merge } from '../ports/volumes.ts'
import { directoryVolumes, type VolumesOfDirectory } from './directory-volumes.ts'
import { isThere, makeDirectory, namesIn, syncDirectory } from './files.ts'
import { idShape } from './layers.ts'

/** A pool that lies in one directory which every host of its zone has mounted. */
export type SharedPool = WantedPool & { readonly type: 'nfs' }
export const isShared = (pool: WantedPool): pool is SharedPool => pool.type === 'nfs'

/**
 * Volumes of shared pools, as one host has them: each in a directory of its own, `sirocco-shared/<pool>/<volume>` under the pool's path, standing on
 * nothing outside it. A volume is here while this host holds it: `<pool>.held/<volume>` in the agent's own directory is a link to it. Another host
 * may take it, and this one let go of it, without a byte being copied.
 */
export class SharedPools {
  readonly #own: string
  readonly #links: string
  readonly #opened = new Map<string, VolumesOfDirectory>()

  constructor(own: string, links: string) {
    this.#own = own
    this.#links = links
  }

  /** Is the directory here the one that was marked for this pool? Else it is not used: what is not mounted would be written around. */
  async verify({ id, path }: SharedPool): Promise<Result<void>> {
    if (!idShape.test(id)) return refuse('invalid', 'not a pool id')
    const mark = await readFile(join(path, sharedMark), 'utf8').catch(() => null)
    if (mark?.trim() === id) return ok(undefined)
    return refuse(
      'unavailable',
      mark === null
        ? `${path} on this host is not the pool's shared directory: it has no file ${sharedMark} that says ${id}; mount it here, or, where it is mounted, write that file once`
        : `${path} on this host is another pool's shared directory: its file ${sharedMark} does not say ${id}; mount the right one`,
    )
  }

  async room(pool: SharedPool): Promise<Result<{ readonly totalMiB: number }>> {
    const there = await this.verify(pool)
    if (!there.ok) return there
    const { blocks, bsize } = await statfs(pool.path)
    return ok({ totalMiB: Math.floor((blocks * bsize) / MiB) })
  }

  /** What the volume's directory says; `unknown` where this host does not hold it. */
  async in<T>(
    pool: SharedPool,
    volume: string,
    unknown: Result<T>,
    ask: (volumes: VolumesOfDirectory) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const there = await this.verify(pool)
    if (!there.ok) return there
    return (await this.#holds(pool, volume)) ? ask(this.#opening(pool, volume)) : unknown
  }

  /** Makes it, or takes it as it lies there. */
  async make(volume: WantedVolume, pool: SharedPool): Promise<Result<void>> {
    if (!idShape.test(volume.id)) return refuse('invalid', 'not a volume id')
    const there = await this.verify(pool)
    if (!there.ok) return there
    if (volume.source.from === 'found' && !(await isThere(placeOf(pool, volume.id))))
      return refuse('internal', "the volume's data is not in its pool any more; restore it from a backup", { detail: volume.id })
    await makeDirectory(placeOf(pool, volume.id))
    await this.#hold(pool, volume.id)
    return this.#opening(pool, volume.id).make(volume)
  }

  /** Another host has it now, or nobody: then its files go, too. */
  async remove({ id, elsewhere }: Pick<WantedVolume, 'id' | 'elsewhere'>, pool: SharedPool): Promise<Result<void>> {
    if (!idShape.test(id)) return ok(undefined)
    const there = await this.verify(pool)
    if (!there.ok) return there
    if (!elsewhere) {
      const removed = await this.in(pool, id, ok(undefined), volumes => volumes.remove({ id, pool }))
      if (!removed.ok) return removed
      await this.#drop(pool, id)
    } else await this.#letGo(pool, id)
    return ok(undefined)
  }

  /** Of a snapshot that is gone: where its volume is gone, too, nothing is left. */
  async removeSnapshot(snapshot: WantedSnapshot, pool: SharedPool): Promise<Result<void>> {
    const removed = await this.in(pool, snapshot.volume, ok(undefined), volumes => volumes.removeSnapshot(snapshot))
    if (removed.ok) await this.#drop(pool, snapshot.volume)
    return removed
  }

  merge(merge: Merge): VolumesOfDirectory | null {
    const found = [...this.#opened].find(([dir]) => merge.over.startsWith(`${dir}/`))
    return found?.[1] ?? null
  }

  dirOf(pool: SharedPool, volume: string): string {
    return placeOf(pool, volume)
  }

  #opening(pool: SharedPool, volume: string): VolumesOfDirectory {
    const dir = placeOf(pool, volume)
    const opened =
      this.#opened.get(dir) ??
      directoryVolumes({ dir, own: this.#own, alone: { frozen: snapshot => this.#frozen(pool, snapshot) } })
    this.#opened.set(dir, opened)
    return opened
  }

  /** What a snapshot of another volume keeps, where this host holds that. */
  async #frozen(pool: SharedPool, id: string): Promise<string | null> {
    for (const volume of await namesIn(heldOf(this.#links, pool))) {
      const frozen = await this.#opening(pool, volume).frozen({
        ...{ kind: 'snapshot', id, volume, pool, generation: 0, sizeMiB: 0, gone: false },
      })
      if (frozen.ok) return frozen.value.path
    }
    return null
  }

  async #holds(pool: SharedPool, volume: string): Promise<boolean> {
    return idShape.test(volume) && (await isLink(join(heldOf(this.#links, pool), volume)))
  }

  async #hold(pool: SharedPool, volume: string): Promise<void> {
    if (await this.#holds(pool, volume)) return
    const held = heldOf(this.#links, pool)
    await makeDirectory(held)
    const making = join(held, `${volume}.making`)
    await rm(making, { force: true })
    await symlink(placeOf(pool, volume), making)
    await rename(making, join(held, volume))
    await syncDirectory(held)
  }

  async #letGo(pool: SharedPool, volume: string): Promise<void> {
    const held = heldOf(this.#links, pool)
    await rm(join(held, volume), { force: true })
    this.#opened.delete(placeOf(pool, volume))
    await rmdir(held).catch(() => undefined)
  }

  /** Where nothing of it is left, neither directory nor link stays. */
  async #drop(pool: SharedPool, volume: string): Promise<void> {
    const place = placeOf(pool, volume)
    if ((await namesIn(join(place, 'volumes'))).length > 0) return
    for (const empty of [join(place, 'volumes'), place]) await rmdir(empty).catch(() => undefined)
    await this.#letGo(pool, volume)
  }
}

const placeOf = ({ path, id }: SharedPool, volume: string): string => join(path, 'sirocco-shared', id, volume)
const heldOf = (links: string, { id }: SharedPool): string => join(links, `${id}.held`)
const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
