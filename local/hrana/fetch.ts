import type { Hrana } from './hrana.ts'

/** The URL to give to `createClient` beside `fetchOf`: nothing listens there. */
export const hranaUrl = 'http://hrana.local'

/**
 * A `fetch` that leads to this server and nowhere else, so that Node code uses the same client as the Worker, without a socket:
 * `createClient({ url: hranaUrl, fetch: fetchOf(hrana) })` of `@libsql/client/web`.
 */
export const fetchOf =
  (hrana: Hrana): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    if (request.method === 'GET' && pathname === '/v2') return Response.json({})
    if (request.method !== 'POST' || pathname !== '/v2/pipeline') return Response.json({ message: 'not found' }, { status: 404 })
    const { status, body } = await hrana.pipeline(await request.text())
    return new Response(body, { status, headers: { 'content-type': 'application/json' } })
  }
