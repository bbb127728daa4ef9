import { X509Certificate } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { connect as plain } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../shared/kit/random.ts'
import { keyPinOf, makeCertificate, pinOf, unfit } from './certificate.ts'
import { front } from './front.ts'

const now = Date.UTC(2026, 0, 1)
const made = makeCertificate(['sirocco.example', '127.0.0.2'], { random: seeded(1), now })

describe('a self-made certificate', () => {
  it('is one for its names and addresses, signed by its own key, valid for years', () => {
    const certificate = new X509Certificate(made.certificate)
    expect(certificate.checkHost('sirocco.example')).toBe('sirocco.example')
    expect(certificate.checkIP('127.0.0.2')).toBe('127.0.0.2')
    expect(certificate.checkHost('other.example')).toBeUndefined()
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(Date.parse(certificate.validFrom)).toBeLessThan(now)
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(now + 9 * 365 * 24 * 3_600_000)
  })

  it('has the pin that a client sees', () => {
    const shown = new X509Certificate(made.certificate).fingerprint256.replaceAll(':', '').toLowerCase()
    expect(pinOf(made.certificate)).toBe(shown)
  })

  it('has a key whose pin curl takes, and which differs from certificate to certificate', () => {
    expect(keyPinOf(made.certificate)).toMatch(/^sha256\/\/[A-Za-z0-9+/]{43}=$/)
    expect(keyPinOf(makeCertificate(['other'], { random: seeded(1), now }).certificate)).not.toBe(keyPinOf(made.certificate))
  })
})

describe('a given certificate and key', () => {
  const other = makeCertificate(['other'], { random: seeded(2), now })
  it.each([
    ['fit each other', made, undefined],
    ['are of two pairs', { certificate: made.certificate, key: other.key }, { part: 'key', why: "is not the certificate's key" }],
    ['have no certificate', { certificate: 'none', key: made.key }, { part: 'certificate', why: 'holds no certificate in PEM' }],
    ['have no key', { certificate: made.certificate, key: made.certificate }, expect.objectContaining({ part: 'key' })],
  ])('%s', (_, pair, expected) => {
    expect(unfit(pair, now)).toEqual(expected)
  })

  it('are of no use once the certificate has ended', () => {
    expect(unfit(made, now + 11 * 365 * 24 * 3_600_000)).toMatchObject({
      part: 'certificate',
      why: expect.stringMatching(/^ended on/),
    })
  })
})

describe('the TLS front', () => {
  it('leads to the same port on loopback, and shows the certificate', async () => {
    const inner = createServer((_, response) => response.end('inside'))
    await new Promise<void>(resolve => inner.listen(0, '127.0.0.1', resolve))
    const address = inner.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const outer = await front(['127.0.0.2'], [port], made)
    const [answer, pin] = await new Promise<[string, string | undefined]>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.2', port, ca: made.certificate, servername: 'sirocco.example' }, () => {
        const seen = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
        socket.write('GET / HTTP/1.1\r\nhost: sirocco.example\r\nconnection: close\r\n\r\n')
        let text = ''
        socket.on('data', chunk => {
          text += chunk
        })
        socket.on('end', () => resolve([text, seen]))
      })
      socket.on('error', reject)
    })
    expect(answer).toMatch(/inside\r\n0\r\n\r\n$|inside$/)
    expect(pin).toBe(pinOf(made.certificate))
    outer.close()
    inner.close()
  })

  it('tells the Worker the client\u2019s address, whatever the client says that it is', async () => {
    const heard: string[][] = []
    const hear = ({ rawHeaders }: IncomingMessage) =>
      heard.push(rawHeaders.filter((_, at) => rawHeaders[at - (at % 2)]?.toLowerCase() === 'cf-connecting-ip'))
    const inner = createServer((request, response) => {
      hear(request)
      request.resume().on('end', () => response.end('inside'))
    })
    inner.on('upgrade', (request, socket) => {
      hear(request)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nthrough')
    })
    await new Promise<void>(resolve => inner.listen(0, '127.0.0.1', resolve))
    const address = inner.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const outer = await front(['127.0.0.2'], [port], made)
    const say = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(
          {
            socket: plain({ host: '127.0.0.2', port, localAddress: '127.0.0.3' }),
            ca: made.certificate,
            servername: 'sirocco.example',
          },
          () => {
            socket.write(text)
            let all = ''
            socket.on('data', chunk => {
              all += chunk
            })
            socket.on('end', () => resolve(all))
          },
        )
        socket.on('error', reject)
      })
    const lie = 'host: sirocco.example\r\nCF-Connecting-IP: 203.0.113.9\r\n'
    expect(await say(`GET / HTTP/1.1\r\n${lie}\r\nGET / HTTP/1.1\r\n${lie}connection: close\r\n\r\n`)).toMatch(
      /inside[\s\S]*inside/,
    )
    expect(
      await say(`PUT / HTTP/1.1\r\n${lie}transfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    ).toMatch(/inside/)
    expect(await say(`GET / HTTP/1.1\r\n${lie}connection: upgrade\r\nupgrade: x\r\n\r\n`)).toMatch(/through$/)
    expect(heard).toEqual(Array(4).fill(['cf-connecting-ip', '127.0.0.3']))
    outer.close()
    inner.close()
  })
})
