import { basename, dirname } from 'node:path'
import type { Merge } from '../ports/volumes.ts'
import { fileOf, homeOf, homesIn, isIdle, type Layers, layersOf, topOf } from './layers.ts'
import { type Qcow2, readQcow2 } from './qcow2.ts'

/** Files that one disk may be spread over, copies of copies and all. */
export const chainMost = 1_024

/** A file, and what is known of it without reading what it holds. */
export interface ChainFile extends Qcow2 {
  readonly path: string
  readonly volume: string
  readonly number: number
  readonly layers: Layers
}

/** Every volume's files here, and what stands on what. */
export class Chains {
  readonly #files: ReadonlyMap<string, ChainFile>
  readonly #above = new Map<string, ChainFile[]>()
  readonly #layers: ReadonlyMap<string, Layers>

  private constructor(files: ReadonlyMap<string, ChainFile>, layers: ReadonlyMap<string, Layers>) {
    this.#files = files
    this.#layers = layers
    for (const file of files.values())
      if (file.backing !== null) this.#above.set(file.backing, [...(this.#above.get(file.backing) ?? []), file])
  }

  /** Null where one cannot be read: nobody knows what that stands on. */
  static async read(dir: string): Promise<Chains | null> {
    const files = new Map<string, ChainFile>()
    const layers = new Map<string, Layers>()
    for (const volume of await homesIn(dir)) {
      const its = await layersOf(dir, volume)
      layers.set(volume, its)
      for (const number of its.numbers) {
        const path = fileOf(its, number)
        const header = await readQcow2(path)
        if (!header) return null
        files.set(path, { ...header, path, volume, number, layers: its })
      }
    }
    return new Chains(files, layers)
  }

  file(path: string | null): ChainFile | undefined {
    return path === null ? undefined : this.#files.get(path)
  }
  above(path: string): readonly ChainFile[] {
    return this.#above.get(path) ?? []
  }
  /** From a file down to the last that is a volume's. */
  below(path: string): ChainFile[] {
    const found: ChainFile[] = []
    for (let at = this.file(path); at && found.length < chainMost; at = this.file(at.backing)) found.push(at)
    return found
  }
  /** Volumes whose newest file is this one or stands on it. */
  standing(path: string): string[] {
    return [...this.#layers].flatMap(([volume, layers]) => {
      const top = topOf(layers)
      return top !== null && this.below(top).some(file => file.path === path) ? [volume] : []
    })
  }

  /** Where the chain of a volume, or of one of its snapshots, has a file that one other alone still needs: these two become one. */
  due(volume: string): Merge | null {
    const layers = this.#layers.get(volume)
    if (!layers) return null
    const top = topOf(layers)
    const starts = [...(top === null ? [] : [top]), ...[...layers.marks.values()].map(number => fileOf(layers, number))]
    for (const start of starts)
      for (const over of this.below(start)) {
        const under = this.file(over.backing)
        if (!under || !isIdle(under.layers, under.number)) continue
        const merge = this.#merge(under, over)
        if (merge) return merge
      }
    return null
  }

  /** Of a volume's files: what a hypervisor wrote down into what, lower file first. */
  writtenDown(volume: string): [under: string, over: string][] {
    const layers = this.#layers.get(volume)
    if (!layers) return []
    return [...layers.merging].flatMap(([over, under]): [string, string][] => {
      const [upper, lower] = [this.file(fileOf(layers, over)), this.file(fileOf(layers, under))]
      return upper && lower && this.#isWrittenDown(upper, lower) ? [[lower.path, upper.path]] : []
    })
  }

  #merge(under: ChainFile, over: ChainFile): Merge | null {
    const others = this.above(under.path).filter(file => file.path !== over.path)
    const committed = [over, ...others].find(one => this.#isWrittenDown(one, under))
    const merge = (upper: ChainFile, how: Pick<Merge, 'committed' | 'online'>): Merge => ({
      under: under.path,
      over: upper.path,
      volumes: [...new Set([upper, ...this.above(under.path)].flatMap(({ path }) => this.standing(path)))],
      ...how,
    })
    if (committed) return merge(committed, { committed: true, online: true })
    if (others.length > 0 || over.size < under.size) return null
    const [upmost, ...more] = this.above(over.path)
    const alike = over.volume === under.volume && over.volume === upmost?.volume
    return merge(over, { committed: false, online: alike && more.length === 0 })
  }

  /** A guest's hypervisor wrote it down into the one below, and what stood on it stands on that now. */
  #isWrittenDown(over: ChainFile, under: ChainFile): boolean {
    return (
      over.volume === under.volume &&
      over.layers.merging.get(over.number) === under.number &&
      over.backing === under.path &&
      this.above(over.path).length === 0 &&
      topOf(over.layers) !== over.path &&
      this.above(under.path).length > 1
    )
  }
}

/** Whether it is worth a look at all files: does anything below the newest file, or a snapshot's, stand there for others alone? */
export async function mayMerge(dir: string, volume: string): Promise<boolean> {
  const layers = await layersOf(dir, volume)
  const top = topOf(layers)
  const frozen = new Set(layers.marks.values())
  if (layers.numbers.length > frozen.size + (top === null ? 0 : 1)) return true
  const seen = new Map([[volume, layers]])
  const first = layers.numbers[0]
  let at: string | null = first === undefined ? null : fileOf(layers, first)
  for (let depth = 0; at !== null && depth < chainMost; depth++) {
    const under: string | null = (await readQcow2(at))?.backing ?? null
    const of = under === null ? '' : basename(dirname(under))
    if (under === null || under !== `${homeOf(dir, of)}/${basename(under)}`) return false
    const its = seen.get(of) ?? (await layersOf(dir, of))
    seen.set(of, its)
    if (isIdle(its, Number.parseInt(basename(under), 10))) return true
    at = under
  }
  return false
}
