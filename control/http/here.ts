import type { Env } from '../env.ts'
import type { Ports } from '../services/context.ts'

/** What one request is served with. */
export interface Here {
  readonly env: Env
  readonly ports: Ports
}
