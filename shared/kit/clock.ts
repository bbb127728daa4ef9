/** Time comes in: nothing in the product reads the wall clock but the composition roots. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump, in either direction. */
  now(): number
}

/** A clock that also calls back. `after` never fires early; `cancel` of a timer that fired does nothing. */
export interface Timers extends Clock {
  after(ms: number, run: () => void): { cancel(): void }
}

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour
