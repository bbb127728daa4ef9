import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import type { Secret } from '../../shared/kit/secret.ts'
import type { Answer, Hrana } from './hrana.ts'
import { hranaLimits } from './limits.ts'

const digest = (text: string) => createHash('sha256').update(text).digest()
const json = { 'content-type': 'application/json' }

async function body(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) return undefined
    size += chunk.length
    if (size > hranaLimits.bodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Hrana on a port of 127.0.0.1, for workerd. Whoever else may connect there still needs the token, which is compared without
 * telling by time how much of it was right.
 */
export async function listen(hrana: Hrana, token: Secret, port = 0): Promise<{ readonly port: number; close(): Promise<void> }> {
  const expected = digest(`Bearer ${token.reveal()}`)

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return { status: 401, body: '{"message":"no"}' }
    if (request.method === 'GET' && request.url === '/v2') return { status: 200, body: '{}' }
    if (request.method !== 'POST' || request.url !== '/v2/pipeline') return { status: 404, body: '{"message":"not found"}' }
    const text = await body(request)
    return text === undefined ? { status: 413, body: '{"message":"too large"}' } : hrana.pipeline(text)
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answer(request).then(
      ({ status, body: text }) => response.writeHead(status, json).end(text),
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('impossible: a TCP server without a port')
  return {
    port: address.port,
    async close() {
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
    },
  }
}
