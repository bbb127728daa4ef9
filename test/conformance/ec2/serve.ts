import { createServer, type IncomingMessage } from 'node:http'
import { assert } from '@sirocco/shared/kit/assert.ts'
import type { Ec2World } from './world.ts'

/** The dialect behind a real socket, for real clients; their clock is the real one. After each answer the hosts do what is wanted. */
export async function serve(world: Ec2World): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer(async (incoming, outgoing) => {
    world.clock.at = Date.now()
    const answer = await world.app.fetch(await requestOf(incoming))
    const body = Buffer.from(await answer.arrayBuffer())
    await world.settle()
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert(address !== null && typeof address === 'object', 'it listens on a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const { method = 'GET', url = '/', headers, rawHeaders } = incoming
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const sent = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) sent.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(chunks)
  return new Request(`http://${headers.host}${url}`, { method, headers: sent, body })
}
