import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { refusedHeader } from '@sirocco/shared/model/outward.ts'
import type { Outward } from '../../ports/outward.ts'

/** By the platform's fetch: at the edge it reaches public addresses only; on one machine all of it goes through the start command, which looks (local/outward.ts). */
export const outwardFetch: Outward = {
  async post(url, headers, body) {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'user-agent': 'Sirocco', ...headers },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(limits.webhookTimeout),
      })
      await answer.body?.cancel()
      const refused = answer.headers.get(refusedHeader)
      return refused === null ? ok({ status: answer.status }) : refuse('forbidden', refused)
    } catch (error) {
      return refuse('unavailable', `it does not answer: ${error instanceof Error ? error.message : String(error)}`)
    }
  },
}
