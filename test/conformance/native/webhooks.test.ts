import { createHmac } from 'node:crypto'
import type { Ports } from '@sirocco/control/services/context.ts'
import { deliver } from '@sirocco/control/services/webhooks/deliver.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { describe, expect, test } from 'vitest'
import { at, type NativeWorld, nativeWorld } from './native-world.ts'

interface Heard {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A world whose webhooks are heard here, and answered with what `answers` holds next, else 204. */
async function listening() {
  const w = await nativeWorld()
  const heard: Heard[] = []
  const answers: (number | 'silent')[] = []
  const ports: Ports = {
    ...w.ports,
    outward: {
      ask: async () => refuse('unavailable', 'nothing is asked'),
      async post(url, headers, body) {
        heard.push({ url, headers, body })
        const answer = answers.shift() ?? 204
        return answer === 'silent' ? refuse('unavailable', 'it does not answer') : ok({ status: answer })
      },
    },
  }
  const told = async () => {
    heard.length = 0
    const tried = await deliver(ports, null)
    if (!tried.ok) throw new Error(tried.fault.message)
    return heard.map(({ body }) => JSON.parse(body) as { type: string; data: { subject: string } })
  }
  return { w, heard, answers, ports, told }
}

const make = async (w: NativeWorld, body: object = {}) => {
  const made = await w.ask('createWebhook', { body: { url: 'https://hooks.example.org/in', types: ['key-pair.*'], ...body } })
  expect(made.status).toBe(201)
  return { id: String(at(made.body, 'id')), secret: String(at(made.body, 'secret')) }
}
const happen = async (w: NativeWorld, name: string) =>
  expect((await w.ask('addKeyPair', { body: { name, type: 'ed25519' } })).status).toBe(201)
const itemsOf = (answer: { body: unknown }) => at(answer.body, 'items') as readonly Record<string, unknown>[]

describe('a webhook', () => {
  test('is told, signed, of what happens from then on, and of nothing else', async () => {
    const { w, heard, told } = await listening()
    await happen(w, 'before')
    const { id, secret } = await make(w)
    expect(await told()).toEqual([])
    await happen(w, 'after')
    const [event, ...more] = await told()
    expect([event?.type, more]).toEqual(['key-pair.made', []])
    const [{ url, headers, body } = { url: '', headers: {}, body: '' }] = heard
    const { 'webhook-id': delivery = '', 'webhook-timestamp': time, 'webhook-signature': signature } = headers
    const mac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    expect(signature).toBe(`v1,${mac.update(`${delivery}.${time}.${body}`).digest('base64')}`)
    expect([url, headers['content-type']]).toEqual(['https://hooks.example.org/in', 'application/json'])
    expect(await told()).toEqual([])
    const log = itemsOf(await w.ask('listDeliveries', { params: { id } }))
    expect(log).toMatchObject([
      { id: delivery, type: 'key-pair.made', state: 'delivered', attempts: 1, status: 204, error: null },
    ])
    expect(JSON.stringify(itemsOf(await w.ask('listWebhooks')))).not.toContain(secret)
  })

  test('that does not take it is told again, under the same id, later each time, and no more in the end', async () => {
    const { w, heard, answers, told } = await listening()
    const { id } = await make(w)
    await happen(w, 'one')
    const ids = new Set<string | undefined>()
    const tries = limits.webhookPauses.length + 1
    for (let n = 0; n < tries; n++) {
      answers.push(n % 2 ? 'silent' : 500)
      expect(await told()).toHaveLength(1)
      ids.add(heard[0]?.headers['webhook-id'])
      expect(await told()).toEqual([])
      w.rows.clock.at += limits.webhookPauses[n] ?? 0
    }
    expect(ids.size).toBe(1)
    w.rows.clock.at += 24 * 3_600_000
    expect(await told()).toEqual([])
    expect(itemsOf(await w.ask('listDeliveries', { params: { id } }))).toMatchObject([
      { state: 'failed', attempts: tries, nextAt: null, error: 'it does not answer' },
    ])
    const [delivery] = ids
    const params = { id, delivery: delivery ?? '' }
    expect((await w.ask('replayDelivery', { params })).status).toBe(204)
    expect(await told()).toHaveLength(1)
    expect(heard[0]?.headers['webhook-id']).toBe(delivery)
    expect(itemsOf(await w.ask('listDeliveries', { params: { id } }))).toMatchObject([{ state: 'delivered', attempts: 1 }])
  })

  test('hears of events in their order; the next waits where one did not arrive', async () => {
    const { w, answers, told } = await listening()
    await make(w)
    for (const name of ['a', 'b', 'c']) await happen(w, name)
    answers.push(204, 503)
    const first = await told()
    expect(first).toHaveLength(2)
    w.rows.clock.at += limits.webhookPauses[0] ?? 0
    expect((await told()).map(({ data }) => data.subject)).toContain(first[1]?.data.subject)
  })

  test('is told once where two look at the same time', async () => {
    const { w, heard, ports } = await listening()
    await make(w)
    await happen(w, 'one')
    await Promise.all([deliver(ports, null), deliver(ports, w.rows.project)])
    expect(heard).toHaveLength(1)
  })

  test('that is turned off hears nothing, and on again only what comes then', async () => {
    const { w, told } = await listening()
    const { id } = await make(w)
    const turn = (disabled: boolean) => w.ask('changeWebhook', { params: { id }, body: { disabled } })
    expect(await turn(true)).toMatchObject({ status: 200, body: { disabledAt: expect.any(String) } })
    await happen(w, 'unheard')
    expect(await told()).toEqual([])
    expect(await turn(false)).toMatchObject({ status: 200, body: { disabledAt: null } })
    await happen(w, 'heard')
    expect(await told()).toHaveLength(1)
    expect((await w.ask('deleteWebhook', { params: { id } })).status).toBe(204)
    await happen(w, 'gone')
    expect(await told()).toEqual([])
  })

  test('is refused where its address is none, in clear text or carries a password', async () => {
    const { w } = await listening()
    for (const url of [
      'hooks.example.org',
      'http://hooks.example.org/',
      'https://u:p@hooks.example.org/',
      'ftp://hooks.example.org',
    ])
      expect(await w.ask('createWebhook', { body: { url } })).toMatchObject({ status: 400 })
    expect(await w.ask('createWebhook', { body: { url: 'https://a.example', types: ['everything'] } })).toMatchObject({
      status: 400,
    })
  })

  test('of another project is not there, and tells nothing of ours', async () => {
    const { w, told } = await listening()
    const other = await w.person('owner', true)
    const { id } = await make(w)
    expect((await w.ask('listDeliveries', { params: { id }, as: other })).status).toBe(404)
    expect((await w.ask('changeWebhook', { params: { id }, body: { disabled: true }, as: other })).status).toBe(404)
    expect((await w.ask('deleteWebhook', { params: { id }, as: other })).status).toBe(204)
    expect(itemsOf(await w.ask('listWebhooks', { as: other }))).toEqual([])
    await w.ask('addKeyPair', { body: { name: 'theirs', type: 'ed25519' }, as: other })
    expect(await told()).toEqual([])
    expect((await w.ask('listWebhooks', { as: await w.person('operator') })).status).toBe(403)
  })
})
