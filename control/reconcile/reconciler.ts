import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Ports } from '../services/context.ts'

/** Code without input: reads due work, a page at a time, and moves it on. Returns how much it found. */
export interface Reconciler {
  readonly name: string
  run(ports: Ports): Promise<Result<number>>
}
