/** Milliseconds since the epoch as EC2 writes times: ISO 8601 in UTC with milliseconds. */
export const renderTime = (at: number): string => new Date(at).toISOString()
