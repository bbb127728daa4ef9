import type { Clock } from '@sirocco/shared/kit/clock.ts'
import type { Ids } from '@sirocco/shared/kit/id.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import type { AgentLinks } from '../ports/agent-link.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Meters } from '../ports/meters.ts'
import type { Outward } from '../ports/outward.ts'
import type { Pokes } from '../ports/pokes.ts'
import type { Secrets } from '../ports/secrets.ts'
import type { Store } from '../ports/store.ts'
import type { Streams } from '../ports/streams.ts'

/** What the whole control plane is made of; put together once, in `compose.ts` (and by the simulated world). */
export interface Ports {
  readonly store: Store
  readonly secrets: Secrets
  readonly pokes: Pokes
  readonly links: AgentLinks
  readonly streams: Streams
  readonly blobs: Blobs
  readonly clock: Clock
  /** Cryptographic outside simulation. */
  readonly random: Random
  readonly ids: Ids
  /** SHA-256 of the agent's bundle that this control plane hands out; absent where it holds none. */
  readonly agentBundle?: string
  /** Absent where nobody is told of anything. */
  readonly outward?: Outward
  /** Absent where nobody looks. */
  readonly meters?: Meters
}
