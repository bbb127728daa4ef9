import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from '@sirocco/shared/kit/random.ts'

/** The system's own randomness: fit for secrets. */
export const systemRandom: Random = {
  next: () => randomInt(2 ** 48 - 1) / (2 ** 48 - 1),
  bytes: length => new Uint8Array(randomBytes(length)),
}
