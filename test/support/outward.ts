import { outwardBy as overFetch } from '@sirocco/control/adapters/outward/fetch.ts'
import { outwardBy } from '@sirocco/local/outward.ts'

/** As the Worker of one machine asks: by its way out, with the ranges that its admin allows. */
export const outwardWith = (allow: readonly string[]) => {
  const out = outwardBy({ allow })
  return overFetch(async (url, { method = 'GET', headers, body }) => {
    const sent = { method, headers: headers as Record<string, string>, ...(typeof body === 'string' ? { body } : {}) }
    const answer = await out(new Request(url, sent))
    const bytes = await answer.arrayBuffer()
    return new Response(bytes.byteLength === 0 ? null : bytes, {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
    })
  })
}
