import { z } from 'zod'

/**
 * The framing of a console's socket, the same both ways. A binary message is bytes of the stream; a text message is one of these.
 * Whoever sends has at most `limits.streamCredit` bytes outstanding; whoever receives says how many it has dealt with.
 */
export const StreamNote = z.union([
  /** This many more bytes are dealt with. */
  z.strictObject({ ack: z.int().positive() }),
  /** The stream is over, and why; the socket closes. */
  z.strictObject({ end: z.string().max(200) }),
])
export type StreamNote = z.output<typeof StreamNote>
