/** Two runs on one machine must not meet: tags, ranges and names follow the process. `which` tells the tests of one run apart, 0 to 7. */
const base = (process.pid * 8) % 46_656

/** A tag of an instance: three characters. */
export const ownTag = (which: number): string => ((base + which) % 46_656).toString(36).padStart(3, '0')

/** The first three bytes of a /24 that is most likely nobody else's. */
export const ownRange = (which: number): string =>
  `10.${180 + (process.pid % 64)}.${(Math.floor(process.pid / 64) % 32) * 8 + which}`
