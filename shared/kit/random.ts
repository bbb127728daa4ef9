/** Randomness comes in, so that a simulated world replays from its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  bytes(length: number): Uint8Array
}

/** xoshiro128** (Blackman, Vigna 2018), seeded by splitmix32: repeatable, never for secrets. */
export function seeded(seed: number): Random {
  let mix = seed >>> 0
  const split = () => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  let [a, b, c, d] = [split(), split(), split(), split()] as [number, number, number, number]
  const rotate = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0
  const draw = () => {
    const result = Math.imul(rotate(Math.imul(b, 5) >>> 0, 7), 9) >>> 0
    const t = (b << 9) >>> 0
    c = (c ^ a) >>> 0
    d = (d ^ b) >>> 0
    b = (b ^ c) >>> 0
    a = (a ^ d) >>> 0
    c = (c ^ t) >>> 0
    d = rotate(d, 11)
    return result
  }
  return {
    next: () => draw() / 2 ** 32,
    bytes: length => Uint8Array.from({ length }, () => draw() >>> 24),
  }
}

/** An integer in [0, below). */
export const below = (random: Random, limit: number): number => Math.floor(random.next() * limit)

/** One of `from`, which must not be empty. */
export function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[below(random, from.length)]
  if (chosen === undefined) throw new RangeError('nothing to pick from')
  return chosen
}

export const chance = (random: Random, probability: number): boolean => random.next() < probability

/** Lower-case hexadecimal digits. */
export const hex = (random: Random, digits: number): string =>
  Array.from(random.bytes(Math.ceil(digits / 2)), byte => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, digits)
