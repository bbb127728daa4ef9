import { second } from '../../shared/kit/clock.ts'
import { MiB } from '../../shared/kit/units.ts'

/** What one database server takes; times in milliseconds, sizes in bytes. */
export const hranaLimits = {
  /** Of one request: far above a batch of 1,000 rows, far below what hurts the parent process. */
  bodyBytes: 16 * MiB,
  /** Requests of one pipeline, steps of one batch. */
  requests: 4_096,
  /** Streams that hold a connection at one time; a further one waits for `busy`, then is refused. */
  connections: 64,
  /** Connections kept open while nobody uses them. */
  idle: 8,
  /** Prepared statements kept by one connection. */
  statements: 512,
  /** A stream whose baton does not come back for this long is rolled back. Turso's is 10 s, too. */
  baton: 10 * second,
  /** How long a statement waits for another stream's write transaction. */
  busy: 5 * second,
  /** Pause between two tries, in case the wake of the holder was not seen (a writer of another process). */
  busyPause: 25,
} as const
