import { createServer } from 'node:http'
import { createServer as portOf } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Outward } from '@sirocco/control/ports/outward.ts'
import { type NativeWorld, nativeWorld } from '../../conformance/native/native-world.ts'
import { asset } from './fake.ts'

export interface Memory {
  readonly url: string
  readonly world: NativeWorld
  close(): Promise<void>
}

/**
 * The portal over the real native API, its verbs and a database in memory: for what cardboard cannot show, such as signing in. At `localhost`,
 * since browsers take no passkey of an address. It has no feed.
 */
export async function startMemory({ outward }: { readonly outward?: Outward } = {}): Promise<Memory> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const world = await nativeWorld({ url, hosts: 1, ...(outward ? { outward } : {}) })
  // Whom it asks outside has this machine's clock.
  if (outward) world.rows.clock.at = Date.now()
  const began = { wall: Date.now(), at: world.rows.clock.at }
  const server = createServer(async (asked, response) => {
    const path = asked.url ?? '/'
    if (!path.startsWith('/api/')) return asset(path.split('?')[0] ?? path, response)
    // Time goes on as the browser's does.
    world.rows.clock.at = Math.max(world.rows.clock.at, began.at + Date.now() - began.wall)
    const body = await text(asked)
    const headers = new Headers()
    for (const [name, value] of Object.entries(asked.headers)) if (typeof value === 'string') headers.set(name, value)
    const answer = await world.raw(
      new Request(url + path, { method: asked.method ?? 'GET', headers, ...(body === '' ? {} : { body }) }),
    )
    response.writeHead(answer.status, [...answer.headers].flat())
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  server.on('upgrade', (_, socket) => socket.destroy())
  await new Promise<void>(resolve => server.listen(port, 'localhost', resolve))
  return {
    url,
    world,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** One that nobody listens at now. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = portOf().once('error', reject)
    probe.listen(0, 'localhost', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
