import { createPublicKey, verify } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { ObjectSet } from '@sirocco/shared/wire/delta.ts'
import { EnrolRequest } from '@sirocco/shared/wire/enrol.ts'
import { FromAgent, type FromControl } from '@sirocco/shared/wire/frames.ts'
import type { Wanted } from '@sirocco/shared/wire/objects.ts'
import { signatureHeaders, signedText } from '@sirocco/shared/wire/signature.ts'
import { protocol } from '@sirocco/shared/wire/version.ts'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { imageBytes, machine, network, rootOf } from '../test/support/agent-world.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { folderDisk } from './disk/folder.ts'
import { type EnrolOptions, enrol } from './enrol.ts'
import { run } from './run.ts'

/** The wall's, for one life of a process: with it end its timers, those of guests that only pretend to run, too. */
const timersOf = (life: AbortSignal): Timers => ({
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(() => life.aborted || run(), ms)
    return { cancel: () => clearTimeout(timer) }
  },
})

/** A control plane's outer edge, just enough of it, that lets in whoever signs as it should. */
class FakeControl {
  readonly server: Server
  readonly sockets: WebSocket[] = []
  readonly frames: FromAgent[] = []
  pings = 0
  refused = 0
  ranges: (string | undefined)[] = []
  #key = ''
  #arrived: () => void = () => {}

  constructor() {
    const upgrades = new WebSocketServer({ noServer: true })
    this.server = createServer(async (request, response) => {
      if (request.url === '/agent/enrol') {
        const parts: Buffer[] = []
        for await (const part of request) parts.push(Buffer.from(part))
        const { token, publicKey, hosts } = EnrolRequest.parse(JSON.parse(Buffer.concat(parts).toString()))
        this.#key = publicKey
        response.writeHead(token === 'good' ? 200 : 403)
        return response.end(JSON.stringify({ agent: 'agt_1', hosts: hosts.map(({ name }, i) => ({ id: `hst_${i + 1}`, name })) }))
      }
      if (!this.#signed(request) || !request.url?.startsWith('/agent/blobs/')) return response.writeHead(401).end()
      this.ranges.push(request.headers.range)
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1])
      // The first answer breaks off in the middle.
      response.writeHead(206)
      if (from > 0) return response.end(imageBytes.subarray(from))
      response.write(imageBytes.subarray(0, 5), () => setTimeout(() => response.destroy(), 20))
    })
    this.server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/agent/link' || !this.#signed(request)) {
        this.refused++
        return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
      }
      upgrades.handleUpgrade(request, socket, head, ws => this.#link(ws))
    })
  }

  #signed({ method = '', url = '', headers }: IncomingMessage): boolean {
    const of = (name: keyof typeof signatureHeaders) => String(headers[signatureHeaders[name]])
    const text = signedText({
      method,
      path: url,
      agent: of('agent'),
      time: of('time'),
      nonce: of('nonce'),
      fingerprint: of('fingerprint'),
    })
    const x = Buffer.from(this.#key, 'base64').toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    return of('agent') === 'agt_1' && verify(null, Buffer.from(text), key, Buffer.from(of('signature'), 'base64url'))
  }

  #link(socket: WebSocket): void {
    this.sockets.push(socket)
    socket.on('message', data => {
      const text = String(data)
      if (text === 'ping') {
        this.pings++
        socket.send('pong')
      } else this.frames.push(FromAgent.parse(JSON.parse(text)))
      this.#arrived()
    })
  }
  say(frame: FromControl): void {
    this.sockets.at(-1)?.send(JSON.stringify(frame))
  }
  /** Until something holds; looks again after every message. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>(resolve => {
        this.#arrived = resolve
        setTimeout(resolve, 50)
      })
  }
  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve))
    const address = this.server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }
}

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const optionsFor = (url: string, data: string): EnrolOptions => ({
  url,
  token: new Secret('good'),
  data,
  pin: null,
  name: 'sim',
  simulated: 1,
  instance: null,
  tag: null,
  socket: '',
  uri: '',
  storage: null,
  underlay: null,
})

/** Ends, as a process does, when its test is over and the agent has been asked to stop. */
function life(): AbortSignal {
  const over = new AbortController()
  ends.unshift(() => over.abort())
  return over.signal
}

async function world() {
  const control = new FakeControl()
  const url = await control.listen()
  ends.push(() => {
    for (const socket of control.sockets) socket.terminate()
    control.server.close()
  })
  const data = join(temporaryFolder(), 'data')
  return { control, url, data }
}

test('enrols, links with a signature, beats, fetches an image over a broken connection, and runs a machine', async () => {
  const { control, url, data } = await world()
  const enrolled = await enrol(optionsFor(url, data), await folderDisk(data))
  expect(enrolled).toMatchObject({ ok: true, value: { agent: 'agt_1', hosts: [{ id: 'hst_1', name: 'sim' }] } })
  expect(statSync(join(data, 'agent.key')).mode & 0o777).toBe(0o600)
  expect(statSync(data).mode & 0o777).toBe(0o700)

  const lines: string[] = []
  const running = await run(data, timersOf(life()), (level, message, more) =>
    lines.push(JSON.stringify({ level, message, ...more })),
  )
  if (!running.ok) throw new Error(running.fault.message)
  ends.push(() => running.value.stop())
  await control.until(() => control.frames.some(frame => frame.type === 'hello'))
  control.say({ type: 'welcome', protocol, incarnation: 'x', epoch: 1, hosts: [], beatMs: 20 })
  const wanted = ObjectSet.of<Wanted>([
    network(),
    rootOf('vm_1'),
    machine('vm_1', { seed: { instanceId: 'i-1', keys: [], userData: 'c2VjcmV0' } }),
  ])
  control.say({
    type: 'desired',
    host: 'hst_1',
    revision: 1,
    base: null,
    digest: wanted.digest,
    changed: wanted.values(),
    gone: [],
  })
  await control.until(() =>
    control.frames.some(
      frame =>
        frame.type === 'observed' && frame.changed.some(o => o.kind === 'machine' && o.power === 'running' && o.applied === 1),
    ),
  )
  expect(control.pings).toBeGreaterThan(0)
  expect(control.ranges).toEqual([`bytes=0-${imageBytes.length - 1}`, `bytes=5-${imageBytes.length - 1}`])
  expect(lines.join('\n')).not.toContain('c2VjcmV0')
  expect(statSync(join(data, 'desired-hst_1.json')).mode & 0o777).toBe(0o600)

  const second = await run(data, timersOf(life()), () => {})
  expect(second).toMatchObject({ ok: false, fault: { code: 'conflict' } })
}, 20_000)

test('dials again when the link is cut, and goes on where it was', async () => {
  const { control, url, data } = await world()
  await enrol(optionsFor(url, data), await folderDisk(data))
  const running = await run(data, timersOf(life()), () => {})
  if (!running.ok) throw new Error(running.fault.message)
  ends.push(() => running.value.stop())
  await control.until(() => control.frames.length === 1)
  control.sockets[0]?.terminate()
  await control.until(() => control.frames.length === 2)
  expect(control.frames.map(frame => frame.type)).toEqual(['hello', 'hello'])
}, 20_000)

test('an enrolment that is refused leaves a clear word and can be tried again', async () => {
  const { url, data } = await world()
  const disk = await folderDisk(data)
  const options = optionsFor(url, data)
  expect(await enrol({ ...options, token: new Secret('used') }, disk)).toMatchObject({ ok: false, fault: { code: 'forbidden' } })
  const key = readFileSync(join(data, 'agent.key'), 'utf8')
  expect(await enrol(options, disk)).toMatchObject({ ok: true })
  expect(await enrol({ ...options, token: new Secret('used') }, disk)).toMatchObject({ ok: true })
  expect(readFileSync(join(data, 'agent.key'), 'utf8')).toBe(key)
}, 20_000)

test('speaks in clear text to this machine only', async () => {
  const { data } = await world()
  const disk = await folderDisk(data)
  for (const url of ['http://192.0.2.1:8787', 'http://127.evil.example', 'ftp://127.0.0.1'])
    expect(await enrol(optionsFor(url, data), disk)).toMatchObject({ ok: false, fault: { code: 'invalid' } })
})
