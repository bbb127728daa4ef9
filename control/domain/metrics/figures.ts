/** How the whole cloud stands, in a few numbers. */
export interface Figures {
  /** Those that have not ended. */
  readonly operations: Readonly<Record<'running' | 'parked' | 'undoing' | 'stuck', number>>
  /** Milliseconds for which the operation that has waited longest for its turn has; 0: none waits. */
  readonly overdueMs: number
  readonly zones: readonly ZoneFigures[]
}

/** Of a zone's hosts. Capacity is what there is, free what may still be claimed: more than there is, where it is overcommitted. */
export interface ZoneFigures {
  readonly zone: string
  readonly linked: number
  readonly silent: number
  readonly cpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  readonly freeVcpus: number
  readonly freeMemoryMiB: number
  readonly freeDiskMiB: number
  readonly orphans: number
}
