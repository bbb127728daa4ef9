/** Milliseconds since the epoch as RFC 3339, UTC. */
export const time = (ms: number): string => new Date(ms).toISOString()
export const orNull = (ms: number | null): string | null => (ms === null ? null : time(ms))
