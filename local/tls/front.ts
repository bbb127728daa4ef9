import { Agent, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { pipeline } from 'node:stream'

/** Open connections of one port; further ones are closed at once. */
const connections = 4_096

/** The address itself, or, of 0.0.0.0, each of this machine's but loopback, whose ports are the plain ones. */
export const addressesOf = (address: string): string[] =>
  address === '0.0.0.0'
    ? Object.values(networkInterfaces())
        .flatMap(list => list ?? [])
        .filter(each => each.family === 'IPv4' && !each.internal)
        .map(each => each.address)
    : [address]

/** As Cloudflare tells the Worker of a client's address; what a client writes there itself is dropped. */
const addressHeader = 'cf-connecting-ip'
/** Of one connection, not of the request that comes by it. */
const hop = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'expect'])

/** Names and values in turn, as Node has them, without those that `drop` names. */
function kept(raw: readonly string[], drop: (name: string) => boolean): string[] {
  const headers: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2)
    if (!drop(name.toLowerCase())) headers.push(name, value)
  }
  return headers
}

/** What goes on to the Worker: the request's own headers, and where it came from. */
const inward = (request: IncomingMessage, drop: (name: string) => boolean): string[] => [
  ...kept(request.rawHeaders, name => name === addressHeader || drop(name)),
  addressHeader,
  request.socket.remoteAddress ?? '',
]

/**
 * TLS on an outer address in front of the same port on loopback. Requests go through as they are but for the client's address, which the Worker
 * is told; WebSockets, too.
 */
export async function front(
  addresses: readonly string[],
  ports: readonly number[],
  { certificate, key }: { certificate: string; key: string },
): Promise<{ close(): void }> {
  const servers: Server[] = []
  const agent = new Agent({ keepAlive: true })
  const close = () => {
    for (const server of servers) server.close()
    agent.destroy()
  }
  for (const [address, port] of addresses.flatMap(each => ports.map(at => [each, at] as const))) {
    // What uploads and streams take is limited where they are served.
    const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.2', requestTimeout: 0 }, (request, response) =>
      forward(request, response, port, agent),
    )
    server.on('upgrade', (request: IncomingMessage, outer: Socket, head: Buffer) => pass(request, outer, head, port))
    server.maxConnections = connections
    server.on('tlsClientError', () => {})
    servers.push(server)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, address, resolve)
      })
    } catch (reason) {
      close()
      throw reason
    }
  }
  return { close }
}

function forward(request: IncomingMessage, response: ServerResponse, port: number, agent: Agent): void {
  const { method = 'GET', url = '/' } = request
  const chunked = request.headers['transfer-encoding'] !== undefined
  const headers = [...inward(request, name => hop.has(name)), ...(chunked ? ['transfer-encoding', 'chunked'] : [])]
  const inner = ask({ host: '127.0.0.1', port, method, path: url, headers, agent }, answer => {
    response.writeHead(
      answer.statusCode ?? 502,
      kept(answer.rawHeaders, name => hop.has(name)),
    )
    // Streams of events begin with their head.
    response.flushHeaders()
    pipeline(answer, response, () => {})
  })
  inner.on('error', () => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end()
  })
  response.on('close', () => inner.destroy())
  pipeline(request, inner, () => {})
}

/** An upgrade: its head with the address, then bytes as they are. */
function pass(request: IncomingMessage, outer: Socket, head: Buffer, port: number): void {
  const inner = connect(port, '127.0.0.1')
  outer.on('error', () => inner.destroy())
  inner.on('error', () => outer.destroy())
  const headers = inward(request, () => false)
  const lines = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1] ?? ''}`] : []))
  inner.write(`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  inner.write(head)
  outer.pipe(inner)
  inner.pipe(outer)
}
