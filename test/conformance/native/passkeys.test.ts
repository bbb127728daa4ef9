import { assert } from '@sirocco/shared/kit/assert.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { authenticator, type Lies } from '../../support/authenticator.ts'
import { type Answer, at, type NativeWorld, nativeWorld, publicUrl } from './native-world.ts'

const site = { domain: 'cloud.example', origin: publicUrl }
const text = (value: unknown): string => {
  assert(typeof value === 'string', `text, not ${JSON.stringify(value)}`)
  return value
}

let w: NativeWorld
let me: { readonly as: null; readonly headers: Readonly<Record<string, string>> }
beforeEach(async () => {
  w = await nativeWorld()
  await w.password('correct horse')
  me = by(await w.ask('signIn', { as: null, body: { email: 'admin@example.org', password: 'correct horse' } }))
})

const by = (answer: Answer) => ({
  as: null,
  headers: { cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '', origin: publicUrl },
})
const options = async () => {
  const { body } = await w.ask('beginPasskey', me)
  return { challenge: text(at(body, 'challenge')), userId: text(at(body, 'user', 'id')) }
}
async function added(device = authenticator(site)) {
  const answer = await w.ask('addPasskey', { ...me, body: { name: 'laptop', response: device.make(await options()) } })
  expect(answer.status).toBe(201)
  return { device, id: text(at(answer.body, 'id')) }
}
const challenge = async () => text(at((await w.ask('askPasskey', { as: null })).body, 'challenge'))
const shows = (passkey: unknown) => w.ask('signIn', { as: null, body: { passkey } })

describe('a passkey', () => {
  test('signs in without a password or a code, and says when it last did', async () => {
    const { device } = await added()
    const begun = await shows(device.sign(await challenge()))
    expect(begun).toMatchObject({ status: 201, body: { user: { email: 'admin@example.org' } } })
    expect((await w.ask('getMe', by(begun))).status).toBe(200)
    expect((await w.ask('listPasskeys', me)).body).toMatchObject({
      items: [{ name: 'laptop', backedUp: false, lastUsedAt: expect.any(String) }],
    })
  })

  test('answers each challenge once, and only for five minutes', async () => {
    const { device } = await added()
    const asked = await challenge()
    const both = await Promise.all([shows(device.sign(asked)), shows(device.sign(asked))])
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 401])
    expect((await shows(device.sign(asked))).status).toBe(401)
    const late = await challenge()
    w.rows.clock.at += limits.secondFactor
    expect(await shows(device.sign(late))).toMatchObject({ status: 401, body: { key: 'sign_in.too_late' } })
  })

  test('asked for by nobody of us signs nobody in', async () => {
    const { device } = await added()
    expect((await shows(device.sign(Buffer.from('made up').toString('base64url')))).status).toBe(401)
    // Nor does what was asked for to add one.
    expect((await shows(device.sign((await options()).challenge))).status).toBe(401)
  })

  test.each<[string, Lies]>([
    ['at another origin', { origin: 'https://cloud.example.evil.example' }],
    ['for another domain', { domain: 'evil.example' }],
    ['without its person', { unverified: true }],
    ['that was copied: its count does not rise', { counter: 1 }],
    ['of somebody else', { userHandle: Buffer.from('usr_other').toString('base64url') }],
  ])('%s signs nobody in', async (_, lies) => {
    const { device } = await added()
    expect((await shows(device.sign(await challenge()))).status).toBe(201)
    expect(await shows(device.sign(await challenge(), lies))).toMatchObject({ status: 401, body: { key: 'passkey.wrong' } })
  })

  test.each<[string, Lies]>([
    ['at another origin', { origin: 'https://evil.example' }],
    ['for another domain', { domain: 'evil.example' }],
    ['without its person', { unverified: true }],
  ])('made %s is not taken', async (_, lies) => {
    const body = { name: 'laptop', response: authenticator(site).make(await options(), lies) }
    expect(await w.ask('addPasskey', { ...me, body })).toMatchObject({ status: 400, body: { key: 'passkey.refused' } })
  })

  test('is somebody\u2019s once, and no device that is not known signs in', async () => {
    const { device } = await added()
    const again = { name: 'again', response: device.make(await options()) }
    expect((await w.ask('addPasskey', { ...me, body: again })).status).toBe(409)
    expect((await shows(authenticator(site).sign(await challenge()))).status).toBe(401)
  })

  test('is renamed and removed by its owner alone, and is no more then', async () => {
    const { device, id } = await added()
    const other = await w.person('admin')
    const params = { id }
    expect((await w.ask('renamePasskey', { as: other, params, body: { name: 'mine' } })).status).toBe(404)
    expect((await w.ask('renamePasskey', { ...me, params, body: { name: 'phone' } })).body).toMatchObject({ name: 'phone' })
    expect((await w.ask('removePasskey', { ...me, params })).status).toBe(204)
    expect((await shows(device.sign(await challenge()))).status).toBe(401)
    expect((await w.ask('removePasskey', { ...me, params })).status).toBe(404)
  })

  test('of who was disabled signs nobody in', async () => {
    const { device } = await added()
    await w.database.execute('UPDATE user SET disabledAt = 1')
    expect((await shows(device.sign(await challenge()))).status).toBe(401)
  })

  test('is added and removed only right after signing in', async () => {
    const { id } = await added()
    w.rows.clock.at += limits.freshSession
    expect(await w.ask('beginPasskey', me)).toMatchObject({ status: 409, body: { key: 'sign_in.not_fresh' } })
    expect(await w.ask('removePasskey', { ...me, params: { id } })).toMatchObject({ status: 409 })
  })
})

test('where the instance has no name with TLS there are no passkeys, and it says so', async () => {
  const plain = await nativeWorld({ url: 'http://203.0.113.7' })
  expect(await plain.ask('askPasskey', { as: null })).toMatchObject({ status: 422, body: { key: 'passkey.no_site' } })
})
