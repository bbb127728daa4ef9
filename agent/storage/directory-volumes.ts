import { chmod, rename, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'

import type { Arrival, Departure } from '../ports/move.ts'
import type { FoundVolume, FrozenDisk, Merge, MergeOptions, OfMoment, OpenIn, Volumes } from '../ports/volumes.ts'

import { type Run, run as runHere } from '../programs/run.ts'
import { type RunConfined, runConfined } from '../programs/sandbox.ts'
import { broughtDisk } from './brought.ts'
import { Chains, chainMost, mayMerge } from './chains.ts'
import { copyDisk, createDisk, createOverlay, growDisk, sizeOfBase } from './disk-image.ts'
import { fileFault, isThere, makeDirectory, namesIn, settle, syncDirectory } from './files.ts'
import { InTurn } from './in-turn.ts'
import { goneMark, homeOf, homesIn, idShape, isFrozen, type Layers, layersOf, turnOf } from './layers.ts'
import { Merging } from './merging.ts'
import { type Parcel, parcelOf } from './parcel.ts'
import { readQcow2 } from './qcow2.ts'
import { sendParcels } from './send.ts'
import { takeParcels } from './take.ts'

export interface DirectoryVolumesOptions {
  /** Of this instance alone. */
  readonly dir: string
  /** The agent's own, where images lie and what is brought from backups; the same directory where it is not said. */
  readonly own?: string
  /** Volumes stand on nothing outside this directory: what they are made of is copied. `frozen`: where a snapshot is that is not in it. */
  readonly alone?: { frozen(snapshot: string): Promise<string | null> }
  readonly run?: Run
  readonly confined?: RunConfined
}

/** What moving volumes of several directories at once takes. */
export interface VolumesOfDirectory extends Volumes {
  /** What a volume that no guest has open is made of, to be sent. */
  pack(volume: Pick<WantedVolume, 'id'>): Promise<Result<Parcel>>
  /** While nothing else is done to what files stand on. */
  alone<T>(run: () => Promise<Result<T>>): Promise<Result<T>>
}

/**
 * Volumes as qcow2 files in a directory: `volumes/<id>/<n>.qcow2`, each on top of the one before. A snapshot is a mark on one of them,
 * `<snapshot>.snapshot`, and a fresh file above it; a volume made from it stands on the marked file, as does the newest file of one that went
 * back to it, `<turn>.turn` naming that. Files are root's alone, as
 * those of machines are.
 */
export function directoryVolumes({
  dir,
  own = dir,
  alone,
  run = runHere,
  confined = runConfined,
}: DirectoryVolumesOptions): VolumesOfDirectory {
  return new DirectoryVolumes(resolve(dir), resolve(own), run, confined, alone ?? null)
}

class DirectoryVolumes implements VolumesOfDirectory {
  readonly #dir: string
  readonly #own: string
  readonly #images: string
  readonly #run: Run
  readonly #confined: RunConfined
  readonly #standing: DirectoryVolumesOptions['alone'] | null
  readonly #turns = new InTurn()
  /** Sizes of images that passed as a base, in bytes, by content and format. */
  readonly #bases = new Map<string, number>()

  readonly #merging: Merging

  constructor(dir: string, own: string, run: Run, confined: RunConfined, standing: DirectoryVolumesOptions['alone'] | null) {
    this.#dir = dir
    this.#own = own
    this.#images = join(own, 'images')
    this.#run = run
    this.#confined = confined
    this.#standing = standing ?? null
    this.#merging = new Merging(dir, confined, this.#turns, () => this.#clear())
  }

  async keepOnly(): Promise<void> {}

  async room(): Promise<Result<{ readonly totalMiB: number }>> {
    const { blocks, bsize } = await statfs(this.#dir)
    return ok({ totalMiB: Math.floor((blocks * bsize) / MiB) })
  }

  find({ id }: Pick<WantedVolume, 'id'>): Promise<Result<FoundVolume | null>> {
    return this.#turns.take(id, async () => {
      const path = await this.#active(id)
      if (path === null) {
        await this.#forgetHalf(id)
        return ok(null)
      }
      const header = await readQcow2(path)
      if (!header) return refuse('internal', 'the volume cannot be read', { detail: path })
      const turn = turnOf(await layersOf(this.#dir, id))
      return ok({ source: { type: 'file', format: 'qcow2', path }, sizeMiB: Math.floor(header.size / MiB), turn })
    })
  }

  /** What an earlier life left half made, or half removed: nobody may want it any more, and then nobody would remove it. */
  async #forgetHalf(id: string): Promise<void> {
    if (!idShape.test(id)) return
    const home = homeOf(this.#dir, id)
    if (await isThere(join(home, goneMark))) await this.#turns.take('chains', () => this.#clear())
    await rm(join(home, '0.qcow2.making'), { force: true })
    await rmdir(home).catch(() => undefined)
  }

  make(volume: WantedVolume): Promise<Result<void>> {
    if (!idShape.test(volume.id)) return Promise.resolve(refuse('invalid', 'not a volume id'))
    return this.#turns.take(volume.id, async () => {
      const { numbers } = await layersOf(this.#dir, volume.id)
      if (numbers.length > 0) return this.#closed(volume)
      const home = homeOf(this.#dir, volume.id)
      const first = join(home, '0.qcow2')
      const before = this.#legacy(volume.id)
      await makeDirectory(home)
      if (before !== null && (await isThere(before))) {
        await rename(before, first)
        await syncDirectory(home)
        await rmdir(dirname(before)).catch(() => undefined)
        return ok(undefined)
      }
      const making = `${first}.making`
      await rm(making, { force: true })
      const base = volume.source.from === 'snapshot' ? await this.#frozen(volume.source.snapshot) : null
      if (base !== null) await this.#mend(base)
      // What it is to stand on is not cleared away meanwhile.
      const made = await this.#turns.take('chains', async () => {
        const created = await this.#create(making, volume)
        if (!created.ok) return created
        await chmod(making, 0o600)
        await settle(making, first)
        return ok(undefined)
      })
      if (!made.ok) await rm(home, { recursive: true, force: true })
      return made
    })
  }

  grow(volume: WantedVolume): Promise<Result<void>> {
    return this.#turns.take(volume.id, async () => {
      const closed = await this.#closed(volume)
      if (!closed.ok) return closed
      const path = await this.#active(volume.id)
      if (path === null) return refuse('not_found', 'the volume is not on this host', { detail: volume.id })
      const header = await readQcow2(path)
      if (header && header.size >= volume.sizeMiB * MiB) return ok(undefined)
      return growDisk(this.#run, path, volume.sizeMiB)
    })
  }

  revert(volume: WantedVolume): Promise<Result<void>> {
    const { id, reverted, sizeMiB } = volume
    return this.#turns.take(id, async () => {
      const layers = await layersOf(this.#dir, id)
      const { home, numbers, marks, turns } = layers
      const top = numbers.at(-1)
      if (top === undefined) return refuse('not_found', 'the volume is not on this host', { detail: id })
      if (reverted && turnOf(layers) < reverted.turn) {
        const closed = await this.#closed(volume)
        if (!closed.ok) return closed
        const frozen = isFrozen(layers, reverted.snapshot) ? marks.get(reverted.snapshot) : undefined
        if (frozen === undefined)
          return refuse('not_found', 'the snapshot is not on this host any more', { detail: reverted.snapshot })
        const note = join(home, `${reverted.turn}.turn`)
        await writeFile(`${note}.making`, `${top + 1}\n`, { mode: 0o600 })
        await settle(`${note}.making`, note)
        const made = await this.#overlay(join(home, `${frozen}.qcow2`), join(home, `${top + 1}.qcow2`), sizeMiB)
        if (!made.ok) return made
        for (const turn of turns.keys()) if (turn < reverted.turn) await rm(join(home, `${turn}.turn`), { force: true })
      }
      return this.#turns.take('chains', () => this.#clear())
    })
  }

  remove({ id }: Pick<WantedVolume, 'id'>): Promise<Result<void>> {
    if (!idShape.test(id)) return Promise.resolve(ok(undefined))
    return this.#turns.take(id, async () => {
      const before = this.#legacy(id)
      if (before !== null) {
        await rm(before, { force: true })
        await rmdir(dirname(before)).catch(() => undefined)
      }
      if (await isThere(homeOf(this.#dir, id))) {
        await writeFile(join(homeOf(this.#dir, id), goneMark), '', { mode: 0o600 })
        await syncDirectory(homeOf(this.#dir, id))
      }
      return this.#turns.take('chains', () => this.#clear())
    })
  }

  bases(): Promise<Result<readonly string[]>> {
    return this.#turns.take('', async () => {
      const images = this.#images
      const found = new Set<string>()
      const paths: string[] = []
      for (const id of await homesIn(this.#dir)) {
        const { home, numbers } = await layersOf(this.#dir, id)
        paths.push(...numbers.map(n => join(home, `${n}.qcow2`)))
      }
      for (const id of await namesIn(join(this.#dir, 'machines'))) {
        const path = join(this.#dir, 'machines', id, 'disk.qcow2')
        if (await isThere(path)) paths.push(path)
      }
      for (const path of paths) {
        const header = await readQcow2(path)
        // What cannot be read may stand on any of them.
        if (!header && (await isThere(path))) return refuse('internal', 'a volume cannot be read', { detail: path })
        const backing = header?.backing
        if (backing && dirname(resolve(dirname(path), backing)) === images) found.add(basename(backing))
      }
      return ok([...found])
    })
  }

  list(): Promise<Result<readonly string[]>> {
    return this.#turns.take('', async () => {
      const ids: string[] = []
      for (const id of await homesIn(this.#dir)) {
        const { numbers, gone } = await layersOf(this.#dir, id)
        if (numbers.length > 0 && !gone) ids.push(id)
      }
      return ok(ids)
    })
  }

  hasSnapshot({ id, volume }: WantedSnapshot): Promise<Result<boolean>> {
    return this.#turns.take(volume, async () => {
      return ok(isFrozen(await layersOf(this.#dir, volume), id))
    })
  }

  snapshot({ id, volume }: WantedSnapshot, open: OpenIn | null): Promise<Result<void>> {
    if (!idShape.test(id)) return Promise.resolve(refuse('invalid', 'not a snapshot id'))
    return this.#turns.take(volume, async () => {
      const frozen = await this.#freeze({ id, volume }, open?.path ?? null)
      if (!frozen.ok || frozen.value === null) return frozen.ok ? ok(undefined) : frozen
      const { base, above } = frozen.value
      return open === null ? this.#overlay(base, above) : open.switchTo(above)
    })
  }

  keepMoment(each: readonly OfMoment[], switchTo: Parameters<Volumes['keepMoment']>[1]): Promise<Result<boolean>> {
    if (each.some(({ snapshot }) => !idShape.test(snapshot.id))) return Promise.resolve(refuse('invalid', 'not a snapshot id'))
    const ordered = [...each].sort((a, b) => (a.snapshot.volume < b.snapshot.volume ? -1 : 1))
    // All of them stay as they are meanwhile; in one order, so that nobody waits for another in a ring.
    const within = (left: readonly string[]): Promise<Result<boolean>> => {
      const [first, ...rest] = left
      return first === undefined ? this.#keepAll(ordered, switchTo) : this.#turns.take(first, () => within(rest))
    }
    return within([...new Set(ordered.map(({ snapshot }) => snapshot.volume))])
  }

  /** Every mark is set before any guest goes on, or any volume that none has open. */
  async #keepAll(each: readonly OfMoment[], switchTo: Parameters<Volumes['keepMoment']>[1]): Promise<Result<boolean>> {
    for (const { snapshot } of each) {
      const room = await this.#roomAbove(snapshot)
      if (!room.ok) return room
    }
    const files: { volume: string; path: string }[] = []
    const closed: { base: string; above: string }[] = []
    for (const { snapshot, open } of each) {
      const frozen = await this.#freeze(snapshot, open)
      if (!frozen.ok) return frozen
      if (frozen.value === null) continue
      if (open === null) closed.push(frozen.value)
      else files.push({ volume: snapshot.volume, path: frozen.value.above })
    }
    for (const { base, above } of closed) {
      const made = await this.#overlay(base, above)
      if (!made.ok) return made
    }
    const switched = files.length === 0 ? ok(false) : await switchTo(files)
    return switched.ok ? ok(switched.value && files.length === each.length) : switched
  }

  async #roomAbove({ id, volume }: Pick<WantedSnapshot, 'id' | 'volume'>): Promise<Result<Layers>> {
    const layers = await layersOf(this.#dir, volume)
    const { numbers, marks } = layers
    if (numbers.length === 0)
      return (await this.#active(volume)) === null
        ? refuse('not_found', 'the volume is not on this host', { detail: volume })
        : refuse(
            'precondition',
            'the machine has run since before volumes were known here; stop and start it once, then try again',
          )
    if (!marks.has(id) && marks.size >= limits.snapshotsOfVolume)
      return refuse('precondition', `the volume has ${marks.size} snapshots, and may not have more; delete one of them`)
    if (!marks.has(id) && numbers.length >= limits.volumeLayers)
      return refuse(
        'precondition',
        `the files of ${numbers.length} deleted snapshots wait to be merged; stop machines that run from copies of the volume, and try again later`,
      )
    return ok(layers)
  }

  /** Marks the newest file; answers it and the one that whoever writes must go on in, or null where that is so already. */
  async #freeze(
    { id, volume }: Pick<WantedSnapshot, 'id' | 'volume'>,
    open: string | null,
  ): Promise<Result<{ readonly base: string; readonly above: string } | null>> {
    const layers = await this.#roomAbove({ id, volume })
    if (!layers.ok) return layers
    const { home, numbers, marks, turns } = layers.value
    if (open === null) {
      const closed = await this.#closed({ id: volume })
      if (!closed.ok) return closed
    } else await this.still({ id: volume })
    const top = numbers.at(-1) ?? 0
    const frozen = marks.get(id) ?? top
    const above = join(home, `${frozen + 1}.qcow2`)
    const base = join(home, `${frozen}.qcow2`)
    if (!marks.has(id)) {
      await writeFile(join(home, `${id}.snapshot.making`), `${frozen}\n`, { mode: 0o600 })
      await settle(join(home, `${id}.snapshot.making`), join(home, `${id}.snapshot`))
    }
    // A way back that was begun and did not come to its file must not take this one for it.
    for (const [turn, number] of turns) if (number > top) await rm(join(home, `${turn}.turn`), { force: true })
    if (top > frozen) {
      // Made, and the guest never came to write to it.
      if (open === null || open !== base) return ok(null)
      await rm(above, { force: true })
    }
    return ok({ base, above })
  }

  removeSnapshot({ id, volume }: WantedSnapshot): Promise<Result<void>> {
    return this.#turns.take(volume, async () => {
      if (idShape.test(id)) await rm(join(homeOf(this.#dir, volume), `${id}.snapshot`), { force: true })
      return this.#turns.take('chains', () => this.#clear())
    })
  }

  frozen({ id, volume }: WantedSnapshot): Promise<Result<FrozenDisk>> {
    return this.#turns.take(volume, async () => {
      const layers = await layersOf(this.#dir, volume)
      if (!isFrozen(layers, id)) return refuse('not_found', 'the snapshot is not on this host', { detail: id })
      const path = join(layers.home, `${layers.marks.get(id)}.qcow2`)
      // Where a guest has it open there is nothing to mend.
      await this.#mend(path)
      const header = await readQcow2(path)
      if (!header) return refuse('internal', 'the volume cannot be read', { detail: path })
      const astray = await this.#astray(path)
      if (astray !== null) return refuse('internal', 'the volume stands on a file that is none of ours', { detail: astray })
      return ok({ path, format: 'qcow2', virtualBytes: header.size })
    })
  }

  async merges({ id }: Pick<WantedVolume, 'id'>): Promise<Result<Merge | null>> {
    return this.#turns.take('chains', async () => {
      if (!idShape.test(id) || !(await mayMerge(this.#dir, id))) return ok(null)
      return ok((await Chains.read(this.#dir))?.due(id) ?? null)
    })
  }

  merge(merge: Merge, options: MergeOptions): Promise<Result<void>> {
    return this.#merging.merge(merge, options).catch(fileFault)
  }

  async still({ id }: Pick<WantedVolume, 'id'>): Promise<void> {
    const path = await this.#active(id)
    if (path !== null) await this.#merging.still(await this.#below(path))
  }

  snapshots(): Promise<Result<readonly string[]>> {
    return this.#turns.take('', async () => {
      const ids: string[] = []
      for (const id of await homesIn(this.#dir)) ids.push(...(await layersOf(this.#dir, id)).marks.keys())
      return ok(ids)
    })
  }

  pack({ id }: Pick<WantedVolume, 'id'>): Promise<Result<Parcel>> {
    return this.#turns.take(id, async () => {
      const closed = await this.#closed({ id })
      if (!closed.ok) return closed
      const path = await this.#active(id)
      if (path === null) return refuse('not_found', 'the volume is not on this host', { detail: id })
      const place = { dir: this.#dir, images: this.#images }
      return parcelOf(place, id, await this.#below(path), turnOf(await layersOf(this.#dir, id)))
    })
  }
  alone<T>(run: () => Promise<Result<T>>): Promise<Result<T>> {
    return this.#turns.take('chains', run)
  }

  async send(...[volumes, peer, options]: Parameters<Volumes['send']>): Promise<Departure> {
    const parcels: Parcel[] = []
    for (const volume of volumes) {
      const packed = await this.pack(volume)
      if (!packed.ok) return { kind: 'stayed', fault: packed.fault }
      parcels.push(packed.value)
    }
    return sendParcels(() => this.#dir, parcels, peer, { ...options, pause: setTimeout })
  }

  take(volumes: readonly WantedVolume[]): Promise<Result<Arrival>> {
    return takeParcels({
      dirOf: () => this.#dir,
      images: this.#images,
      run: this.#run,
      volumes,
      alone: run => this.alone(run),
    })
  }

  /** Nobody works on its files, and nothing is left undone by a hypervisor that died. No guest has it open. */
  async #closed({ id }: Pick<WantedVolume, 'id'>): Promise<Result<void>> {
    const path = await this.#active(id)
    return path === null ? ok(undefined) : this.#mend(path)
  }
  async #mend(path: string): Promise<Result<void>> {
    const files = await this.#below(path)
    await this.#merging.still(files)
    for (const volume of new Set(files.map(file => basename(dirname(file))))) {
      const restored = await this.#merging.restore(volume)
      if (!restored.ok) return restored
    }
    return ok(undefined)
  }

  /** This file and all that it stands on. */
  async #below(path: string): Promise<string[]> {
    const files: string[] = []
    for (let at: string | null = path; at !== null && files.length < chainMost; ) {
      files.push(at)
      at = (await readQcow2(at))?.backing ?? null
    }
    return files
  }

  /** Where a machine's disk lay before there were volumes: its volume has the machine's id but for the prefix. */
  #legacy(volume: string): string | null {
    const suffix = /^vol_([A-Za-z0-9]{1,40})$/.exec(volume)?.[1]
    return suffix === undefined ? null : join(this.#dir, 'machines', `vm_${suffix}`, 'disk.qcow2')
  }
  /** What a guest would write to. */
  async #active(volume: string): Promise<string | null> {
    const { home, numbers, gone } = await layersOf(this.#dir, volume)
    const top = numbers.at(-1)
    if (top !== undefined) return gone ? null : join(home, `${top}.qcow2`)
    const before = this.#legacy(volume)
    return before !== null && (await isThere(before)) ? before : null
  }

  async #create(path: string, volume: WantedVolume): Promise<Result<void>> {
    const { source, sizeMiB } = volume
    if (source.from === 'found') return lost(volume.id)
    if (source.from === 'nothing') return createDisk(this.#run, path, sizeMiB)
    if (source.from === 'snapshot') {
      const base = (await this.#frozen(source.snapshot)) ?? (await this.#standing?.frozen(source.snapshot)) ?? null
      if (base === null) return refuse('unavailable', 'waiting for the snapshot that the volume is made from')
      return this.#upon(path, { path: base, format: 'qcow2' }, sizeMiB)
    }
    if (source.from === 'backup') {
      const brought = broughtDisk(this.#own, volume.id)
      if (!(await isThere(brought))) return refuse('unavailable', 'waiting for the backup to be brought here')
      const moved = await this.#bring(brought, path)
      if (!moved.ok) return moved
      await rm(dirname(brought), { recursive: true, force: true })
      return growDisk(this.#run, path, sizeMiB)
    }
    const file = source.files.find(({ role }) => role === 'disk')
    if (!file) return refuse('invalid', 'the image has no disk')
    const base = join(this.#images, file.sha256)
    if (!/^[0-9a-f]{64}$/.test(file.sha256) || !(await isThere(base)))
      return refuse('precondition', 'the image is not on this host', { detail: file.sha256 })
    const known = `${file.sha256} ${file.format}`
    const remembered = this.#bases.get(known)
    const size = remembered === undefined ? await sizeOfBase(this.#run, base, file.format) : ok(remembered)
    if (!size.ok) return size
    this.#bases.set(known, size.value)
    if (size.value > sizeMiB * MiB)
      return refuse('invalid', `the image needs a disk of ${Math.ceil(size.value / MiB)} MiB, the volume has ${sizeMiB}`)
    return this.#upon(path, { path: base, format: file.format }, sizeMiB)
  }

  /** Made of this: on top of it, or a copy where it must stand alone. */
  #upon(path: string, base: { readonly path: string; readonly format: string }, sizeMiB: number): Promise<Result<void>> {
    return this.#standing === null
      ? createOverlay(this.#run, path, base, sizeMiB)
      : copyDisk({ run: this.#run, confined: this.#confined }, path, base, sizeMiB)
  }

  /** Another file system is no place to rename to. */
  async #bring(brought: string, path: string): Promise<Result<void>> {
    try {
      await rename(brought, path)
      return ok(undefined)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    }
    const header = await readQcow2(brought)
    if (!header) return refuse('internal', 'what was brought from the backup cannot be read', { detail: brought })
    const from = { path: brought, format: 'qcow2' }
    return copyDisk({ run: this.#run, confined: this.#confined }, path, from, Math.ceil(header.size / MiB))
  }

  async #overlay(base: string, above: string, leastMiB = 0): Promise<Result<void>> {
    const header = await readQcow2(base)
    if (!header) return refuse('internal', 'the volume cannot be read', { detail: base })
    const making = `${above}.making`
    await rm(making, { force: true })
    const made = await createOverlay(
      this.#run,
      making,
      { path: base, format: 'qcow2' },
      Math.max(leastMiB, Math.floor(header.size / MiB)),
    )
    if (!made.ok) return made
    await chmod(making, 0o600)
    await settle(making, above)
    return ok(undefined)
  }

  /** The file that a snapshot froze, in whatever volume's folder. */
  async #frozen(snapshot: string): Promise<string | null> {
    for (const id of await homesIn(this.#dir)) {
      const layers = await layersOf(this.#dir, id)
      if (isFrozen(layers, snapshot)) return join(layers.home, `${layers.marks.get(snapshot)}.qcow2`)
    }
    return null
  }

  /** The first file that this one stands on and that is neither a volume's nor an image of this directory; null: all are. */
  async #astray(path: string): Promise<string | null> {
    const ours = [this.#images, join(this.#dir, 'volumes'), join(this.#dir, 'machines')].map(folder => folder + sep)
    let at: string | null = path
    for (let depth = 0; at !== null; depth++) {
      const file: string = resolve(dirname(path), at)
      if (depth > chainMost || !ours.some(folder => file.startsWith(folder))) return file
      at = (await readQcow2(file))?.backing ?? null
    }
    return null
  }

  /**
   * Removes files that nothing stands on any more, that no snapshot marks and no guest may write to; over and over, since what went may have stood on
   * others. Where one cannot be read nobody knows what it stands on: nothing is removed.
   */
  async #clear(): Promise<Result<void>> {
    for (let went = true; went; ) {
      went = false
      const all = await Promise.all((await homesIn(this.#dir)).map(id => layersOf(this.#dir, id)))
      const needed = new Set<string>()
      for (const { home, numbers } of all)
        for (const n of numbers) {
          const header = await readQcow2(join(home, `${n}.qcow2`))
          if (!header) return ok(undefined)
          if (header.backing) needed.add(header.backing)
        }
      for (const { home, numbers, marks, merging, gone } of all) {
        for (const [over, under] of merging)
          if (!numbers.includes(over) || !numbers.includes(under)) await rm(join(home, `${over}.merging`), { force: true })
        const marked = new Set(marks.values())
        const stays = (n: number) => needed.has(join(home, `${n}.qcow2`)) || marked.has(n) || (!gone && n === numbers.at(-1))
        const over = numbers.filter(n => !stays(n))
        if (gone && over.length === numbers.length) await rm(home, { recursive: true, force: true })
        else for (const n of over) await rm(join(home, `${n}.qcow2`), { force: true })
        went ||= over.length > 0
      }
    }
    return ok(undefined)
  }
}

const lost = (id: string) => refuse('internal', 'the volume was found on its host, and is not there any more', { detail: id })
