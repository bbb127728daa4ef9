import type { z } from 'zod'
import { ok, type Result, refuse } from '../kit/fault.ts'
import { limits } from '../model/limits.ts'

/** One frame as one text message. */
export const encode = (frame: { readonly type: string }): string => JSON.stringify(frame)

/** A message as a frame of `schema`, or why it is none. Whoever sends such is cut off. */
export function decode<T extends z.ZodType>(schema: T, message: string | ArrayBuffer | Uint8Array): Result<z.output<T>> {
  if (typeof message !== 'string') return refuse('invalid', 'frames are text')
  if (message.length > limits.frameBytes) return refuse('invalid', `a frame may have ${limits.frameBytes} bytes`)
  let json: unknown
  try {
    json = JSON.parse(message)
  } catch {
    return refuse('invalid', 'a frame must be JSON')
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return ok(parsed.data)
  return refuse('invalid', parsed.error.issues.map(i => `${i.path.join('.')}: ${i.message}`).join('; '))
}
