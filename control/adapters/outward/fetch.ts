import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { refusedHeader, wantedHeader } from '@sirocco/shared/model/outward.ts'
import type { Outward } from '../../ports/outward.ts'

/** By the platform's fetch: at the edge it reaches public addresses only; on one machine all of it goes through the start command, which looks (local/outward.ts). */
export const outwardFetch: Outward = outwardBy((url, init) => fetch(url, init))

/** The same by another fetch. */
export function outwardBy(fetch: (url: string, init: RequestInit) => Promise<Response>): Outward {
  async function sent<T>(url: string, init: RequestInit, read: (answer: Response) => Promise<Result<T>>): Promise<Result<T>> {
    try {
      const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(limits.webhookTimeout) })
      const refused = answer.headers.get(refusedHeader)
      if (refused === null) return await read(answer)
      await answer.body?.cancel()
      return refuse('forbidden', refused)
    } catch (error) {
      return refuse('unavailable', `it does not answer: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return {
    post: (url, headers, body) =>
      sent(url, { method: 'POST', headers: { 'user-agent': 'Sirocco', ...headers }, body }, async answer => {
        await answer.body?.cancel()
        return ok({ status: answer.status })
      }),
    ask: (url, { method, headers, body }) =>
      sent(
        url,
        { method, headers: { ...headers, 'user-agent': 'Sirocco', [wantedHeader]: 'body' }, ...(body === null ? {} : { body }) },
        async answer => {
          const text = await bounded(answer)
          if (text === null) return refuse('unavailable', `it answers more than ${limits.outwardAnswer} bytes`)
          return ok({ status: answer.status, headers: Object.fromEntries(answer.headers), body: text })
        },
      ),
  }
}

/** The whole answer; null where it is too long. */
async function bounded({ body }: Response): Promise<string | null> {
  if (!body) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > limits.outwardAnswer) {
      await reader.cancel()
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}
