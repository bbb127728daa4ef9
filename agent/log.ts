import type { Clock } from '@sirocco/shared/kit/clock.ts'
import type { Log } from './reconcile/reconciler.ts'

/** One JSON object a line. What is a `Secret` prints as redacted; nothing else secret may be handed in. */
export const jsonLog =
  (clock: Clock, write: (line: string) => void): Log =>
  (level, message, more) =>
    write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...more })}\n`)
