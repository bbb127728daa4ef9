import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from './files.ts'

export const idShape = /^[A-Za-z0-9_-]{1,64}$/
const layerShape = /^(\d{1,6})\.qcow2$/
const markShape = /^([A-Za-z0-9_-]{1,64})\.snapshot$/
/** Holds the number of the file that the volume went on in when it went back for the so-manieth time. */
const turnShape = /^(\d{1,15})\.turn$/
/** Holds the number of the file below that this one is written down into while a guest runs. */
const mergingShape = /^(\d{1,6})\.merging$/
/** In a volume's folder: it was removed, and only what others stand on is still here. */
export const goneMark = 'gone'

/** The files of one volume, in its folder. */
export interface Layers {
  readonly home: string
  /** Numbers of the files, the first at the bottom; the last is what a guest writes to. */
  readonly numbers: readonly number[]
  /** The snapshots that freeze a file, by name. */
  readonly marks: ReadonlyMap<string, number>
  /** Files that it went on in after going back, by turn; the newest file, or one above it, tells whether it came to that. */
  readonly turns: ReadonlyMap<number, number>
  /** Files that a guest's hypervisor was told to write down into one below. */
  readonly merging: ReadonlyMap<number, number>
  readonly gone: boolean
}

export const homeOf = (dir: string, volume: string): string => join(dir, 'volumes', volume)
export const fileOf = ({ home }: Pick<Layers, 'home'>, number: number): string => join(home, `${number}.qcow2`)

/** Volumes that have a folder, gone or not. */
export const homesIn = async (dir: string): Promise<string[]> =>
  (await namesIn(join(dir, 'volumes'))).filter(name => idShape.test(name))

export async function layersOf(dir: string, volume: string): Promise<Layers> {
  const home = homeOf(dir, volume)
  const names = await namesIn(home)
  const noted = async <K>(shape: RegExp, key: (name: string) => K): Promise<Map<K, number>> => {
    const found = new Map<K, number>()
    for (const name of names) {
      const of = shape.exec(name)?.[1]
      if (of !== undefined) found.set(key(of), Number(await readFile(join(home, name), 'utf8')))
    }
    return found
  }
  const numbers = names.flatMap(name => layerShape.exec(name)?.[1] ?? []).map(Number)
  return {
    home,
    numbers: numbers.sort((a, b) => a - b),
    marks: await noted(markShape, id => id),
    turns: await noted(turnShape, Number),
    merging: await noted(mergingShape, Number),
    gone: names.includes(goneMark),
  }
}

/** The file that a guest writes to; null: none of its own. */
export function topOf(layers: Layers): string | null {
  const top = layers.numbers.at(-1)
  return top === undefined || layers.gone ? null : fileOf(layers, top)
}

/** Does nobody write any more to the file that a snapshot is a mark on? */
export function isFrozen({ marks, numbers, gone }: Layers, snapshot: string): boolean {
  const frozen = marks.get(snapshot)
  return frozen !== undefined && (gone || numbers.some(n => n > frozen))
}

/** The last time that it went back and came to go on from there; 0: never. */
export function turnOf({ turns, numbers }: Layers): number {
  const top = numbers.at(-1) ?? -1
  return Math.max(0, ...[...turns].flatMap(([turn, number]) => (number <= top ? [turn] : [])))
}

/** No snapshot keeps the file, and no guest may write to it: only what stands on it needs it. */
export const isIdle = (layers: Layers, number: number): boolean =>
  topOf(layers) !== fileOf(layers, number) && ![...layers.marks.values()].includes(number)
