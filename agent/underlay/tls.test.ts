import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Move } from '../ports/move.ts'
import { tlsUnderlay } from './tls.ts'

let dir: string
const servers: Server[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sirocco-underlay-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await rm(dir, { recursive: true, force: true })
})

const move = (id: string, fill: number): Move => ({ id, secret: Buffer.alloc(32, fill).toString('base64') })
const underlay = () => tlsUnderlay({ address: '127.0.0.1', port: 0, dir })
const deaf = { answer: async (question: string) => ok(`heard ${question}`), socket: () => null }

async function open(of: Move, arrival: Parameters<ReturnType<typeof underlay>['receive']>[1] = deaf) {
  const opened = await underlay().receive(of, arrival)
  if (!opened.ok) throw new Error(opened.fault.message)
  return opened.value
}

test('whoever has the key of the move is answered', async () => {
  const there = await open(move('mig_1', 1))
  const peer = underlay().peer(move('mig_1', 1), there.endpoint)
  expect(await peer.ask('x'.repeat(300_000))).toEqual(ok(`heard ${'x'.repeat(300_000)}`))
  await peer.close()
  there.close()
})

test('a refusal comes back with its words', async () => {
  const there = await open(move('mig_1', 1), { ...deaf, answer: async () => refuse('capacity', 'no room', { detail: 'words' }) })
  const peer = underlay().peer(move('mig_1', 1), there.endpoint)
  expect(await peer.ask('?')).toMatchObject({ ok: false, fault: { message: 'no room', detail: 'words' } })
  await peer.close()
  there.close()
})

test('another key, another move and a closed one are not heard', async () => {
  let heard = 0
  const there = await open(move('mig_1', 1), {
    ...deaf,
    answer: async () => {
      heard++
      return ok('')
    },
  })
  for (const stranger of [move('mig_1', 2), move('mig_2', 1)]) {
    const peer = underlay().peer(stranger, there.endpoint)
    expect(await peer.ask('?')).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    await peer.close()
  }
  there.close()
  const late = underlay().peer(move('mig_1', 1), there.endpoint)
  expect(await late.ask('?')).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  await late.close()
  expect(heard).toBe(0)
})

test('a host that ends before its answer, as one that is killed does, has not answered', async () => {
  const { id, secret } = move('mig_1', 1)
  const killed = createTlsServer({
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    allowHalfOpen: true,
    pskCallback: (_, identity) => (identity === id ? Buffer.from(secret, 'base64') : null),
  })
  killed.on('secureConnection', socket => socket.once('data', () => socket.end()))
  servers.push(killed.listen(0, '127.0.0.1'))
  await once(killed, 'listening')
  const peer = underlay().peer({ id, secret }, { address: '127.0.0.1', port: (killed.address() as AddressInfo).port })
  expect(await peer.ask('?')).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  await peer.close()
})

test('a tunnel carries bytes both ways to the one socket that goes by its name, and to no other', async () => {
  const path = join(dir, 'echo')
  const echo = createServer({ allowHalfOpen: true }, socket => socket.on('error', () => {}).pipe(socket)).listen(path)
  servers.push(echo)
  await once(echo, 'listening')
  const there = await open(move('mig_1', 1), { ...deaf, socket: name => (name === 'memory' ? path : null) })
  const peer = underlay().peer(move('mig_1', 1), there.endpoint)
  const through = async (name: string): Promise<string> => {
    const near = await peer.tunnel(name)
    if (!near.ok) throw new Error(near.fault.message)
    const socket = connect(near.value)
    socket.on('error', () => {})
    socket.end('bytes of a guest')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    await once(socket, 'close')
    return text
  }
  expect(await through('memory')).toBe('bytes of a guest')
  expect(await through('disks')).toBe('')
  await peer.close()
  there.close()
})

test('a host without an address takes nothing in', async () => {
  expect(await tlsUnderlay({ address: null, port: 0, dir }).receive(move('mig_1', 1), deaf)).toMatchObject({
    ok: false,
    fault: { code: 'precondition' },
  })
})
