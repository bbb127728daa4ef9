import { FeedMessage } from '@sirocco/shared/api/events.ts'
import { AskedProvider } from '@sirocco/shared/api/identities.ts'
import { Console, Launched, Machine } from '@sirocco/shared/api/machines.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { clients, startIdentityProvider } from '../../support/identity-provider.ts'
import { authorization, blob, type Edge, edge } from './edge.ts'
import { dial, ScriptedAgent } from './scripted-agent.ts'

let at: Edge
let agent: ScriptedAgent
beforeAll(async () => {
  at = await edge()
  agent = await ScriptedAgent.enrol(at.url, at.enrolment)
  await agent.link()
  await vi.waitFor(async () => expect(await (await at.call('GET', '/hosts')).text()).toContain('"state":"up"'), waiting)
})
afterAll(() => at.close())

const waiting = { timeout: 20_000, interval: 20 }
const launch = async () => {
  const answer = await at.call('POST', '/machines', { image: at.image, flavor: 't3.pico' })
  expect(answer.status).toBe(202)
  const [machine] = Launched.parse(await answer.json()).machines
  if (!machine) throw new Error('nothing launched')
  return machine.id
}
const stateOf = async (id: string) => Machine.parse(await (await at.call('GET', `/machines/${id}`)).json()).state
const becomes = (id: string, state: string) => vi.waitFor(async () => expect(await stateOf(id)).toBe(state), waiting)

/** What comes out of a socket, in order. */
function heard(socket: WebSocket) {
  const bytes: Buffer[] = []
  const notes: unknown[] = []
  let closed = false
  socket.on('message', (data: Buffer, binary) =>
    binary ? bytes.push(data) : notes.push(data.toString() === 'pong' ? 'pong' : JSON.parse(data.toString())),
  )
  socket.on('close', () => {
    closed = true
  })
  return { text: () => Buffer.concat(bytes).toString(), notes, closed: () => closed }
}

describe('an agent', () => {
  test('enrols with a token that works once', async () => {
    await expect(ScriptedAgent.enrol(at.url, at.enrolment)).rejects.toThrow(/enrolment: 4/)
    await expect(ScriptedAgent.enrol(at.url, 'guess')).rejects.toThrow(/enrolment: 4/)
  })

  test('is believed only with its signature, for this path, from its own machine', async () => {
    const path = `/agent/blobs/${blob.sha256}`
    expect((await fetch(at.url + path)).status).toBe(401)
    expect((await fetch(at.url + path, { headers: agent.headers('/agent/blobs/other') })).status).toBe(401)
    expect((await fetch(at.url + path, { headers: agent.headers(path, 'elsewhere') })).status).toBe(403)
    for (const path of ['/agent/link', '/agent/streams/x']) {
      expect((await dial(at.url, path, {})).status).toBe(401)
      expect((await dial(at.url, path, agent.headers(path, 'elsewhere'))).status).toBe(403)
    }
    expect(agent.ended).toBeNull()
  })

  test('fetches images whole or by range', async () => {
    const path = `/agent/blobs/${blob.sha256}`
    const whole = await agent.get(path)
    expect([whole.status, await whole.text(), whole.headers.get('content-length')]).toEqual([
      200,
      blob.text,
      String(blob.text.length),
    ])
    const part = await agent.get(path, { range: 'bytes=2-4' })
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, 'llo', 'bytes 2-4/11'])
    const rest = await agent.get(path, { range: 'bytes=6-' })
    expect([rest.status, await rest.text()]).toEqual([206, 'world'])
    expect((await agent.get(path, { range: 'bytes=11-' })).status).toBe(416)
    expect((await agent.get(`/agent/blobs/${'0'.repeat(64)}`)).status).toBe(404)
    expect((await agent.get('/agent/blobs/..%2f..%2fsecret')).status).toBe(404)
  })

  test('that dials anew ends its older link, and is told what is wanted', async () => {
    const id = await launch()
    await becomes(id, 'running')
    const closed = vi.waitFor(
      () => expect(agent.heard.filter(frame => frame.type === 'welcome').length).toBeGreaterThan(1),
      waiting,
    )
    await agent.link()
    await closed
    const again = await launch()
    await becomes(again, 'running')
  })
})

describe('a person', () => {
  test('hears of a launch as it happens, over the feed', async () => {
    const { socket } = await dial(at.url, '/api/v1/feed', { authorization })
    if (!socket) throw new Error('refused')
    const feed = heard(socket)
    const id = await launch()
    const types = () =>
      feed.notes
        .filter(note => note !== 'pong')
        .map(note => FeedMessage.parse(note))
        .flatMap(message => ('events' in message ? message.events : []))
        .filter(event => event.subject === id)
        .map(event => event.type)
    await vi.waitFor(() => expect(types()).toContain('operation.ended'), waiting)
    expect(types()).toContain('machine.state')
    socket.send('ping')
    await vi.waitFor(() => expect(feed.notes).toContain('pong'), waiting)
    socket.send('anything else')
    await vi.waitFor(() => expect(feed.closed()).toBe(true), waiting)
  })

  test('hears of hosts as it happens, too', async () => {
    const { socket } = await dial(at.url, '/api/v1/feed', { authorization })
    if (!socket) throw new Error('refused')
    const feed = heard(socket)
    const links = () =>
      feed.notes
        .map(note => FeedMessage.parse(note))
        .flatMap(message => ('events' in message ? message.events : []))
        .filter(event => event.type === 'host.linked').length
    await vi.waitFor(() => expect(feed.notes).not.toEqual([]), waiting)
    const begun = performance.now()
    for (let i = 1; i <= 4; i++) {
      await agent.link()
      await vi.waitFor(() => expect(links()).toBe(i), waiting)
    }
    // By its own looking alone, every one but the first would have waited for a whole sweep.
    expect(performance.now() - begun).toBeLessThan(2 * limits.feedSweep)
    socket.close()
  })

  test('types at a console, through a ticket that works once', async () => {
    const id = await launch()
    await becomes(id, 'running')
    const opened = await at.call('POST', `/machines/${id}/console`, {})
    const { path } = Console.parse(await opened.json())
    expect((await dial(at.url, path, {})).status).toBe(401)
    const { socket } = await dial(at.url, path, { authorization })
    if (!socket) throw new Error('refused')
    const console = heard(socket)
    await vi.waitFor(() => expect(console.text()).toBe('login: '), waiting)
    socket.send(Buffer.from('root'))
    await vi.waitFor(() => expect(console.text()).toBe('login: echo root'), waiting)
    expect(console.notes).toEqual([{ ack: 4 }])
    expect((await dial(at.url, path, { authorization })).status).toBe(404)
    const made = `/agent/streams/${path.split('/').at(-1)}`
    expect((await dial(at.url, made, agent.headers(made))).status).toBe(404)

    socket.send(JSON.stringify({ ack: 'login: echo root'.length }))
    socket.send(Buffer.alloc(limits.streamCredit + 1))
    await vi.waitFor(() => expect(console.closed()).toBe(true), waiting)
    expect(console.notes.at(-1)).toMatchObject({ end: expect.stringContaining('unacknowledged') })
    await vi.waitFor(() => expect(agent.consoles.at(-1)?.readyState).toBe(3), waiting)
  })

  test('meets nobody by a ticket that nobody made', async () => {
    expect((await dial(at.url, `/api/v1/consoles/${'x'.repeat(43)}`, { authorization })).status).toBe(404)
  })

  test('gets the portal\u2019s page for what is none of the API\u2019s, with headers that keep it in', async () => {
    const page = await fetch(`${at.url}/machines/x`)
    expect(await page.text()).toBe('portal /machines/x')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect((await fetch(`${at.url}/machines`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${at.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${at.url}/readyz`)).status).toBe(200)
  })
})

describe('the objects', () => {
  test('may lose everything: what was begun goes on', async () => {
    const before = await launch()
    await becomes(before, 'running')
    agent.drop()
    const begun = await launch()
    await at.forget()
    expect(await stateOf(begun)).toBe('creating')
    const { socket } = await dial(at.url, '/api/v1/feed?after=0', { authorization })
    if (!socket) throw new Error('refused')
    const feed = heard(socket)
    await agent.link()
    await at.cron()
    await becomes(begun, 'running')
    expect(await stateOf(before)).toBe('running')
    const seqs = () =>
      feed.notes.flatMap(note => {
        const message = FeedMessage.parse(note)
        return 'events' in message ? message.events.map(event => event.seq) : []
      })
    await vi.waitFor(
      () =>
        expect(
          feed.notes.some(note => JSON.stringify(note).includes(begun) && JSON.stringify(note).includes('operation.ended')),
        ).toBe(true),
      waiting,
    )
    expect(seqs()).toEqual([...new Set(seqs())].sort((a, b) => a - b))
    socket.close()
    const end = await at.call('DELETE', `/machines/${begun}`)
    expect(end.status).toBe(202)
    await becomes(begun, 'gone')
  })
})

test('an identity provider is asked by the real Worker, and signs somebody in', async () => {
  const there = await startIdentityProvider(`${at.url}/sign-in/back`)
  there.accounts.set('ada', { email: 'ada@example.org', email_verified: true, groups: ['engineers'] })
  const { client_id: clientId, client_secret: secret } = clients.ours
  const grants = [{ group: 'engineers', project: 'demo', role: 'operator' }]
  const body = { name: 'Example', issuer: there.issuer, clientId, secret, scope: 'openid email groups', grants }
  const made = await at.call('POST', '/identity-providers', body)
  expect(made.status).toBe(201)
  const { id: provider } = z.object({ id: z.string() }).parse(await made.json())
  const asked = await at.call('POST', '/sessions/provider', { provider })
  const { url, flow } = AskedProvider.parse(await asked.json())
  const begun = await at.call('POST', '/sessions', { flow, answer: await there.visit(url, 'ada') })
  expect(await begun.json()).toMatchObject({ user: { email: 'ada@example.org' }, role: 'operator' })
  expect(begun.headers.get('set-cookie')).toContain('HttpOnly')
  await there.close()
})
