import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { createServer, type Server } from 'node:tls'

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

/** TLS on an outer address in front of the same port on loopback: bytes go through as they are, WebSockets too. */
export async function front(
  addresses: readonly string[],
  ports: readonly number[],
  { certificate, key }: { certificate: string; key: string },
): Promise<{ close(): void }> {
  const servers: Server[] = []
  const close = () => {
    for (const server of servers) server.close()
  }
  for (const [address, port] of addresses.flatMap(each => ports.map(at => [each, at] as const))) {
    const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] }, outer => {
      const inner = connect(port, '127.0.0.1')
      outer.on('error', () => inner.destroy())
      inner.on('error', () => outer.destroy())
      outer.pipe(inner)
      inner.pipe(outer)
    })
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
