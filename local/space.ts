import { statfsSync } from 'node:fs'
import { second } from '../shared/kit/clock.ts'
import { MiB } from '../shared/kit/units.ts'

/** Between two looks at the disk. */
const every = 10 * second
/** Below this, writes fail or soon will; room again is only what is well above. */
const full = 16 * MiB
const roomAgain = 2 * full

/** What there is to say, now that so many bytes are free, and whether the disk counts as full from here on. Pure. */
export function spaceSaid(folder: string, wasFull: boolean, free: number): { isFull: boolean; says?: string } {
  if (!wasFull && free < full)
    return {
      isFull: true,
      says: `The disk of ${folder} is full: nothing can be changed until some space is free; machines keep running.`,
    }
  if (wasFull && free >= roomAgain) return { isFull: false, says: `The disk of ${folder} has room again.` }
  return { isFull: wasFull }
}

/** Tells whoever started the instance when a disk that it lives on gets full, and when that is over. */
export function watchSpace(folders: readonly string[], say: (sentence: string) => void): { stop(): void } {
  const fullOnes = new Set<string>()
  const look = () => {
    for (const folder of folders) {
      const { bavail, bsize } = statfsSync(folder)
      const { isFull, says } = spaceSaid(folder, fullOnes.has(folder), bavail * bsize)
      if (isFull) fullOnes.add(folder)
      else fullOnes.delete(folder)
      if (says) say(says)
    }
  }
  const timer = setInterval(look, every)
  return { stop: () => clearInterval(timer) }
}
