import { z } from 'zod'
import { words } from './objects.ts'

/** SHA-256 of an agent's bundle, in hex: `GET /agent/bundles/<it>`. */
export const Bundle = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * `POST /agent/upgrade`, signed: how an agent stands, and what it should be. Of no protocol's version, so that an agent whose link is refused
 * for its age can still be upgraded: fields may be added, never changed.
 */
export const UpgradeReport = z.object({
  agentVersion: words(64),
  /** What runs. */
  bundle: Bundle,
  /** What was tried and did not come about. */
  failed: z.object({ bundle: Bundle, why: words(1_000) }).nullable(),
})
export type UpgradeReport = z.output<typeof UpgradeReport>

/** null: stay as you are. */
export const UpgradeAnswer = z.object({ wanted: Bundle.nullable() })
export type UpgradeAnswer = z.output<typeof UpgradeAnswer>
