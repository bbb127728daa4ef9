import { assert } from '@sirocco/shared/kit/assert.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clients, type IdentityProviderProcess, startIdentityProvider } from '../../support/identity-provider.ts'
import { outwardWith } from '../../support/outward.ts'
import { type Answer, at, type NativeWorld, nativeWorld, publicUrl } from './native-world.ts'

const text = (value: unknown): string => {
  assert(typeof value === 'string', `text, not ${JSON.stringify(value)}`)
  return value
}
let there: IdentityProviderProcess
beforeAll(async () => {
  there = await startIdentityProvider(`${publicUrl}/sign-in/back`)
})
afterAll(() => there.close())

let w: NativeWorld
let provider: string
beforeEach(async () => {
  there.tamper(null)
  there.accounts.clear()
  there.accounts.set('ada', { email: 'Ada@example.org', email_verified: true, groups: ['engineers', 'chess'] })
  w = await nativeWorld({ outward: outwardWith(['127.0.0.0/8']) })
  // The provider's clock is this machine's.
  w.rows.clock.at = Date.now()
  provider = await added()
})

async function added(more: object = {}): Promise<string> {
  const made = await w.ask('addIdentityProvider', {
    body: {
      name: 'Example',
      issuer: there.issuer,
      clientId: clients.ours.client_id,
      secret: clients.ours.client_secret,
      scope: 'openid email groups',
      grants: [
        { group: 'engineers', project: w.rows.project, role: 'operator' },
        { group: 'leads', project: w.rows.project, role: 'owner' },
      ],
      ...more,
    },
  })
  expect(made.status).toBe(201)
  return text(at(made.body, 'id'))
}
const ask = async (id = provider) => {
  const { body, status } = await w.ask('askProvider', { as: null, body: { provider: id } })
  expect(status).toBe(200)
  return { url: text(at(body, 'url')), flow: text(at(body, 'flow')) }
}
const shows = (flow: string, answer: string) => w.ask('signIn', { as: null, body: { flow, answer } })
async function signIn(name = 'ada'): Promise<Answer> {
  const { url, flow } = await ask()
  return shows(flow, await there.visit(url, name))
}
const by = (answer: Answer) => ({
  as: null,
  headers: { cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '', origin: publicUrl },
})
const joins = (...groups: string[]) => there.accounts.set('ada', { email: 'ada@example.org', email_verified: true, groups })
const refused = { status: 401, body: { key: 'identity.refused' } }
const members = async () =>
  (at((await w.ask('listMembers')).body, 'items') as { email: string; role: string }[])
    .filter(({ email }) => email === 'ada@example.org')
    .map(({ role }) => role)

describe('whom a provider vouches for', () => {
  test('is signed in with the role that their groups give, and known again by the subject', async () => {
    expect((await w.ask('listSignInProviders', { as: null })).body).toEqual({ items: [{ id: provider, name: 'Example' }] })
    const first = await signIn()
    expect(first).toMatchObject({ status: 201, body: { user: { email: 'ada@example.org' }, role: 'operator' } })
    expect((await w.ask('getMe', by(first))).status).toBe(200)
    // Another address there does not make another person here.
    there.accounts.set('ada', { email: 'lovelace@example.org', email_verified: true, groups: ['engineers'] })
    expect((await signIn()).body).toMatchObject({ user: { id: at(first.body, 'user', 'id'), email: 'ada@example.org' } })
    expect((await w.ask('listIdentities', by(first))).body).toMatchObject({
      items: [{ provider, lastUsedAt: expect.any(String) }],
    })
  })

  test('has the roles of their groups as they are now: higher, lower, and none, which ends sessions and keys', async () => {
    const first = await signIn()
    const key = await w.ask('addAccessKey', { ...by(first), body: {} })
    expect(key.status).toBe(201)
    const bearer = { as: `Bearer ${text(at(key.body, 'accessKeyId'))}.${text(at(key.body, 'secretAccessKey'))}` }
    joins('leads', 'engineers')
    expect((await signIn()).body).toMatchObject({ role: 'owner' })
    joins('engineers')
    expect((await signIn()).body).toMatchObject({ role: 'operator' })
    expect((await w.ask('getMe', bearer)).status).toBe(200)
    joins('chess')
    expect(await signIn()).toMatchObject({ status: 403, body: { key: 'identity.no_role' } })
    expect([(await w.ask('getMe', by(first))).status, (await w.ask('getMe', bearer)).status]).toEqual([401, 401])
    expect(await members()).toEqual([])
    joins('engineers')
    expect((await signIn()).status).toBe(201)
  })

  test('keeps what somebody here gave, whatever groups say', async () => {
    const { body } = await signIn()
    const params = { user: text(at(body, 'user', 'id')) }
    expect((await w.ask('changeMember', { params, body: { role: 'viewer' } })).status).toBe(200)
    joins('leads')
    expect((await signIn()).body).toMatchObject({ role: 'viewer' })
    joins()
    expect((await signIn()).body).toMatchObject({ role: 'viewer' })
  })

  test('is nobody with no role, no address that was seen to be theirs, or once disabled here', async () => {
    joins('chess')
    expect(await signIn()).toMatchObject({ status: 403, body: { key: 'identity.no_role' } })
    there.accounts.set('ada', { email: 'ada@example.org', email_verified: false, groups: ['engineers'] })
    expect(await signIn()).toMatchObject({ status: 403, body: { key: 'identity.no_email' } })
    joins('engineers')
    const { body } = await signIn()
    const disabled = { params: { user: text(at(body, 'user', 'id')) }, body: { disabled: true } }
    expect((await w.ask('changeUser', disabled)).status).toBe(200)
    expect(await signIn()).toMatchObject(refused)
  })

  test('is never somebody by an address alone: who has an account links it', async () => {
    there.accounts.set('ada', { email: 'admin@example.org', email_verified: true, groups: ['engineers'] })
    expect(await signIn()).toMatchObject({ status: 403, body: { key: 'identity.address_taken' } })
    await w.password('correct horse')
    const me = by(await w.ask('signIn', { as: null, body: { email: 'admin@example.org', password: 'correct horse' } }))
    const begun = await w.ask('beginIdentity', { ...me, body: { provider } })
    const body = { flow: text(at(begun.body, 'flow')), answer: await there.visit(text(at(begun.body, 'url')), 'ada') }
    // Of who links, it signs nobody in.
    expect(await shows(body.flow, body.answer)).toMatchObject({ status: 401, body: { key: 'sign_in.too_late' } })
    expect(await w.ask('linkIdentity', { ...me, body })).toMatchObject({ status: 201, body: { provider, name: 'Example' } })
    expect(await signIn()).toMatchObject({ status: 201, body: { user: { email: 'admin@example.org' }, role: 'admin' } })
    expect((await w.ask('unlinkIdentity', { ...me, params: { id: provider } })).status).toBe(204)
    expect(await signIn()).toMatchObject({ status: 403, body: { key: 'identity.address_taken' } })
  })

  test('does not unlink their only way in, and loses all of it with the provider', async () => {
    const first = await signIn()
    const unlinked = await w.ask('unlinkIdentity', { ...by(first), params: { id: provider } })
    expect(unlinked).toMatchObject({ status: 409, body: { key: 'identity.only_way' } })
    const { flow, url } = await ask()
    const answer = await there.visit(url, 'ada')
    expect((await w.ask('deleteIdentityProvider', { params: { id: provider } })).status).toBe(204)
    expect((await w.ask('getMe', by(first))).status).toBe(401)
    expect(await members()).toEqual([])
    expect((await shows(flow, answer)).status).toBe(401)
  })
})

describe('what a provider answers', () => {
  test('counts with its own state alone', async () => {
    const [mine, theirs] = [await ask(), await ask()]
    const answer = await there.visit(theirs.url, 'ada')
    expect(await shows(mine.flow, answer)).toMatchObject(refused)
    expect(await shows(mine.flow, answer.replace(/state=[^&]+/, 'state=x'))).toMatchObject(refused)
    expect(await shows(`${mine.flow.slice(0, -4)}AAAA`, answer)).toMatchObject({ status: 401 })
  })

  test('counts once, and only for ten minutes', async () => {
    const { url, flow } = await ask()
    const answer = await there.visit(url, 'ada')
    expect((await shows(flow, answer)).status).toBe(201)
    expect((await shows(flow, answer)).status).toBe(401)
    const late = await ask()
    const back = await there.visit(late.url, 'ada')
    w.rows.clock.at += limits.identityFlow
    expect(await shows(late.flow, back)).toMatchObject({ status: 401, body: { key: 'sign_in.too_late' } })
  })

  test('counts only with the code of the browser that was sent (PKCE)', async () => {
    const mine = await ask()
    const theirs = await ask()
    const stolen = new URLSearchParams(await there.visit(theirs.url, 'ada')).get('code') ?? ''
    const state = new URL(mine.url).searchParams.get('state') ?? ''
    const answer = new URLSearchParams({ code: stolen, state, iss: there.issuer })
    expect(await shows(mine.flow, answer.toString())).toMatchObject(refused)
  })

  test('counts only with the nonce that was asked for', async () => {
    const { url, flow } = await ask()
    const other = new URL(url)
    other.searchParams.set('nonce', 'of somebody else')
    expect(await shows(flow, await there.visit(other.href, 'ada'))).toMatchObject(refused)
  })

  test('counts only while its token is good', async () => {
    const { url, flow } = await ask()
    const answer = await there.visit(url, 'ada')
    // Its tokens are good for a minute, our flow for ten.
    w.rows.clock.at += 5 * 60_000
    expect(await shows(flow, answer)).toMatchObject(refused)
  })

  test('counts only for us, signed by the provider', async () => {
    const change = async (of: (claims: Record<string, unknown>) => Record<string, unknown>) => {
      there.tamper(token => {
        const [head = '', claims = '', signature = ''] = text(token.id_token).split('.')
        const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
        const changed = Buffer.from(JSON.stringify(of(said))).toString('base64url')
        return { ...token, id_token: `${head}.${changed}.${signature}` }
      })
      return signIn()
    }
    expect(await change(claims => claims)).toMatchObject({ status: 201 })
    expect(await change(claims => ({ ...claims, aud: clients.other.client_id }))).toMatchObject(refused)
    expect(await change(claims => ({ ...claims, iss: 'https://elsewhere.example' }))).toMatchObject(refused)
    // All of it right, but changed: the signature tells.
    expect(await change(claims => ({ ...claims, groups: ['leads'] }))).toMatchObject(refused)
  })

  test('counts not with a secret that is not ours, and again once it is put right', async () => {
    const params = { id: provider }
    expect((await w.ask('changeIdentityProvider', { params, body: { secret: 'wrong' } })).status).toBe(200)
    expect(await signIn()).toMatchObject(refused)
    await w.ask('changeIdentityProvider', { params, body: { secret: clients.ours.client_secret } })
    expect((await signIn()).status).toBe(201)
  })
})

describe('a provider', () => {
  test('that an admin does not allow is not asked on this machine or its networks', async () => {
    const closed = await nativeWorld({ outward: outwardWith([]) })
    const body = { name: 'Inner', issuer: there.issuer, clientId: 'x', secret: 'x' }
    const made = await closed.ask('addIdentityProvider', { body })
    expect(await closed.ask('askProvider', { as: null, body: { provider: text(at(made.body, 'id')) } })).toMatchObject({
      status: 503,
      body: { key: 'identity.no_answer' },
    })
  })

  test.each(['http://login.example.org', 'https://u:p@login.example.org', 'https://login.example.org/?a=1', 'ftp://x.example'])(
    'at %s is refused with a sentence',
    async issuer => {
      const body = { name: 'Other', issuer, clientId: 'x', secret: 'x' }
      expect(await w.ask('addIdentityProvider', { body })).toMatchObject({ status: 400, body: { field: 'issuer' } })
    },
  )

  test('gives roles in projects that there are, never that of an admin, and shows its secret to nobody', async () => {
    const body = { name: 'Other', issuer: 'https://login.example.org', clientId: 'x', secret: 'hush-hush' }
    const grant = (project: string, role: string) => ({ ...body, grants: [{ group: 'g', project, role }] })
    expect(await w.ask('addIdentityProvider', { body: grant('nowhere', 'viewer') })).toMatchObject({ status: 400 })
    expect(await w.ask('addIdentityProvider', { body: grant(w.rows.project, 'admin') })).toMatchObject({ status: 400 })
    expect((await w.ask('addIdentityProvider', { body })).status).toBe(201)
    expect((await w.ask('addIdentityProvider', { body })).status).toBe(409)
    const list = await w.ask('listIdentityProviders')
    expect(JSON.stringify(list.body)).not.toContain('hush-hush')
    expect(at(list.body, 'items')).toHaveLength(2)
  })
})
