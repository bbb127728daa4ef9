import type { AgentLink } from './objects/agent-link.ts'
import type { Feed } from './objects/feed.ts'
import type { Operations } from './objects/operations.ts'
import type { Stream } from './objects/stream.ts'

/** What the Worker is bound to; `wrangler.toml` and the start command name the same. */
export interface Env {
  /** On one machine: straight to the database's server. At the edge absent: then by `DB_URL`. */
  readonly DB?: Fetcher
  readonly DB_URL: string
  readonly DB_TOKEN: string
  /** Image bytes under `images/<sha256>`. */
  readonly BLOBS: R2Bucket
  /** The portal's files. */
  readonly ASSETS: Fetcher
  /** 32 bytes in base64; several with commas between while keys are changed: the first seals, all open. */
  readonly SEALING_KEY: string
  /** Where people reach the portal and the native API. */
  readonly PUBLIC_URL: string
  /** Where EC2's clients reach theirs: the root of its own host or port. */
  readonly EC2_URL: string
  readonly REGION: string
  /** SHA-256 of the agent's bundle, in hex: the blob `bundles/<it>`. Absent: no host can be added by a pasted line. */
  readonly AGENT_BUNDLE?: string
  /** What all hosts of this cloud belong to: machines go only between hosts of one. Absent: each host is of its own. */
  readonly AGENT_INSTANCE?: string
  /** SHA-256 of a certificate that nobody but us vouches for; absent where a public authority does. */
  readonly AGENT_PIN?: string
  readonly AGENT_LINK: DurableObjectNamespace<AgentLink>
  readonly OPERATIONS: DurableObjectNamespace<Operations>
  readonly FEED: DurableObjectNamespace<Feed>
  readonly STREAM: DurableObjectNamespace<Stream>
}
