import { setTimeout as pause } from 'node:timers/promises'

/** Waits until `look` gives something else than null. */
export async function until<T>(what: string, look: () => Promise<T | null>, ms = 60_000): Promise<T> {
  let last = ''
  for (const end = performance.now() + ms; performance.now() < end; await pause(50)) {
    try {
      const found = await look()
      if (found !== null) return found
      last = ''
    } catch (error) {
      last = ` (${error instanceof Error ? error.message : String(error)})`
    }
  }
  throw new Error(`waited in vain for ${what}${last}`)
}
