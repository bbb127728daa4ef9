import { appendFileSync, renameSync, statSync } from 'node:fs'
import { MiB } from '../shared/kit/units.ts'

/** A log of this size becomes `NAME.1`, and the one before that is forgotten. */
const limit = 8 * MiB

/** Appends to a file for its owner's eyes that never grows without end. What a full disk does not take is lost: a log stops nobody. */
export function logFile(path: string): { write(text: string | Uint8Array): void } {
  let size = 0
  try {
    size = statSync(path).size
  } catch {
    // The first line makes it.
  }
  return {
    write(text) {
      try {
        if (size > limit) {
          renameSync(path, `${path}.1`)
          size = 0
        }
        appendFileSync(path, text, { mode: 0o600 })
        size += text.length
      } catch {
        // Its reader finds a gap, and why in what the instance itself answers meanwhile.
      }
    },
  }
}
