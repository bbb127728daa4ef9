import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'

/** Nonces of one agent's signed upgrades, each with the time it was signed at. What is kept beside its link. */
export const Nonces = z.record(z.string(), z.number())
export type Nonces = z.output<typeof Nonces>

/**
 * `kept` with `nonce`, which was signed at `time`; null where it counted already. Those that the clock's skew refuses by now are forgotten, and
 * of more than `limits.nonces` the oldest: only the holder of the agent's key can make so many.
 */
export function withNonce(kept: Nonces, nonce: string, time: number, now: number): Nonces | null {
  if (Object.hasOwn(kept, nonce)) return null
  const live = Object.entries(kept).filter(([, at]) => now - at <= limits.clockSkew)
  live.sort(([, a], [, b]) => a - b)
  return Object.fromEntries([...live.slice(-(limits.nonces - 1)), [nonce, time]])
}
