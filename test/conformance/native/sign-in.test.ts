import { stepOf } from '@sirocco/control/services/second-factor/codes.ts'
import { matchesPassword } from '@sirocco/control/services/sessions/password.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { totpOf } from '../../support/totp.ts'
import { type Answer, at, type NativeWorld, nativeWorld, publicUrl } from './native-world.ts'

vi.mock('@sirocco/control/services/sessions/password.ts', async original => {
  const real = await original<typeof import('@sirocco/control/services/sessions/password.ts')>()
  return { ...real, matchesPassword: vi.fn(real.matchesPassword) }
})

const email = 'admin@example.org'
const password = 'correct horse'
const attacker = '198.51.100.66'
const home = '203.0.113.7'

let w: NativeWorld
beforeEach(async () => {
  w = await nativeWorld()
  await w.password(password)
})

const text = (value: unknown): string => {
  assert(typeof value === 'string', `text, not ${JSON.stringify(value)}`)
  return value
}
const shows = (body: object, from = home): Promise<Answer> =>
  w.ask('signIn', { as: null, body, headers: { origin: publicUrl, 'cf-connecting-ip': from, 'user-agent': 'Browser 1' } })
const guess = (given: string, from: string, whom = email) => shows({ email: whom, password: given }, from)
const cookieOf = (answer: Answer) => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
/** As who has that session. */
const by = (answer: Answer) => ({ as: null, headers: { cookie: cookieOf(answer), origin: publicUrl } })

describe('passwords that are wrong', () => {
  test('make the next try from there wait, each longer than the one before', async () => {
    for (let i = 0; i < limits.signInTries; i++) expect((await guess('wrong', attacker)).status).toBe(401)
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      const refused = await guess('wrong', attacker)
      expect(refused).toMatchObject({ status: 429, body: { code: 'throttled', key: 'sign_in.wait' } })
      waits.push(Number(refused.headers.get('retry-after')))
      w.rows.clock.at += Number(refused.headers.get('retry-after')) * 1_000
      expect((await guess('wrong', attacker)).status).toBe(401)
    }
    expect(waits).toEqual([2, 4, 8, 16])
  })

  test('elsewhere never keep out who has the right one', async () => {
    for (let i = 0; i < 50; i++) await guess('wrong', attacker)
    expect((await guess(password, attacker)).status).toBe(429)
    expect((await guess(password, home)).status).toBe(201)
    expect((await guess(password, '2001:db8::7')).status).toBe(201)
  })

  test('for many accounts from one address make that address wait, whatever the account', async () => {
    for (let i = 0; i < limits.signInTriesOfAddress; i++) await guess('wrong', attacker, `user${i}@example.org`)
    expect((await guess(password, attacker)).status).toBe(429)
    expect((await guess(password, home)).status).toBe(201)
  })

  test('are forgotten by a right one, and after an hour', async () => {
    for (let i = 1; i < limits.signInTries; i++) await guess('wrong', home)
    expect((await guess(password, home)).status).toBe(201)
    for (let i = 1; i < limits.signInTries; i++) expect((await guess('wrong', home)).status).toBe(401)
    w.rows.clock.at += limits.signInMemory + 1_000
    for (let i = 1; i < limits.signInTries; i++) expect((await guess('wrong', home)).status).toBe(401)
    expect((await guess(password, home)).status).toBe(201)
  })

  test('are counted before they are looked at: many at once are no way around', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => guess('wrong', attacker)))
    expect(all.filter(({ status }) => status === 401)).toHaveLength(limits.signInTries)
    expect(all.filter(({ status }) => status === 429)).toHaveLength(12 - limits.signInTries)
  })

  test('cost an unknown account what they cost a known one: the same statements and the same hash, and as many tries', async () => {
    const work = async (whom: string) => {
      let statements = 0
      vi.mocked(matchesPassword).mockClear()
      w.database.onStatement = () => statements++
      const answer = await guess('wrong', `192.0.2.${whom.length}`, whom)
      w.database.onStatement = null
      const hashes = vi.mocked(matchesPassword).mock.calls.map(([, stored]) => stored.split('$').slice(0, 4))
      return { status: answer.status, detail: at(answer.body, 'detail'), statements, hashes }
    }
    for (let i = 0; i <= limits.signInTries; i++) expect(await work('nobody@example.org')).toEqual(await work(email))
  })
})

describe('a session', () => {
  test('says where it was begun, by what, and when it was last used', async () => {
    const begun = await guess(password, home)
    w.rows.clock.at += limits.sessionUseNoted * 2
    await w.ask('getMe', by(begun))
    const used = w.rows.clock.at
    w.rows.clock.at += limits.sessionUseNoted / 2
    const list = await w.ask('listSignIns', by(begun))
    expect(list.body).toMatchObject({
      items: [{ address: home, device: 'Browser 1', current: true, lastUsedAt: new Date(used).toISOString() }],
    })
  })
})

describe('another password', () => {
  const wanted = 'a longer horse battery'

  test('is for who shows the old one, and ends all other sessions', async () => {
    const [here, there] = [by(await guess(password, home)), by(await guess(password, attacker))]
    expect((await w.ask('changePassword', { ...here, body: { old: password, new: wanted } })).status).toBe(204)
    expect([(await w.ask('getMe', here)).status, (await w.ask('getMe', there)).status]).toEqual([200, 401])
    expect([(await guess(password, home)).status, (await guess(wanted, home)).status]).toEqual([401, 201])
  })

  test('is refused to a wrong old one, to none, to a short new one and to a key', async () => {
    const me = by(await guess(password, home))
    const change = (body: object) => w.ask('changePassword', { ...me, body })
    expect(await change({ old: 'wrong', new: wanted })).toMatchObject({ status: 400, body: { field: 'old' } })
    expect(await change({ new: wanted })).toMatchObject({ status: 400, body: { field: 'old' } })
    expect(await change({ old: password, new: 'short' })).toMatchObject({ status: 400, body: { field: 'new' } })
    const byKey = await w.ask('changePassword', { body: { old: password, new: wanted } })
    expect(byKey).toMatchObject({ status: 409, body: { key: 'sign_in.only_session' } })
    expect((await guess(password, home)).status).toBe(201)
  })

  test('is not guessed at an open browser', async () => {
    const me = by(await guess(password, home))
    const change = () => w.ask('changePassword', { ...me, body: { old: 'wrong', new: wanted }, headers: { ...me.headers } })
    for (let i = 0; i < limits.signInTries; i++) expect((await change()).status).toBe(400)
    expect((await change()).status).toBe(429)
  })
})

describe('codes by an app', () => {
  /** What the app shows now. */
  const codeOf = (secret: string, ahead = 0): string => totpOf(secret, w.rows.clock.at + ahead * 30_000)

  async function on() {
    const me = by(await guess(password, home))
    const begun = await w.ask('beginSecondFactor', me)
    const secret = text(at(begun.body, 'secret'))
    const confirmed = await w.ask('confirmSecondFactor', { ...me, body: { code: codeOf(secret) } })
    expect(confirmed.status).toBe(200)
    const codes = at(confirmed.body, 'codes')
    assert(Array.isArray(codes), 'codes')
    w.rows.clock.at += 60_000
    return { me, secret, begun, codes: codes.map(text) }
  }
  const challenged = async (): Promise<string> => {
    const asked = await guess(password, home)
    expect([asked.status, asked.headers.get('set-cookie')]).toEqual([201, null])
    return text(at(asked.body, 'challenge'))
  }

  test('are those of RFC 6238, one step before and behind taken too', () => {
    // 12345678901234567890, in base 32: the secret of its appendix B.
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    expect(stepOf('287082', secret, 59_000)).toBe(1)
    expect(stepOf('287082', secret, 89_000)).toBe(1)
    expect(stepOf('081804', secret, 1_111_111_109_000)).toBe(37_037_036)
    expect(stepOf('287082', secret, 90_000)).toBeNull()
  })

  test('are asked for once one came back, and not before', async () => {
    const me = by(await guess(password, home))
    const begun = await w.ask('beginSecondFactor', me)
    expect(text(at(begun.body, 'address'))).toMatch(/^otpauth:\/\/totp\/Sirocco:admin%40example\.org\?.*secret=[A-Z2-7]{32}/)
    expect(cookieOf(await guess(password, home))).not.toBe('')
    expect(await w.ask('confirmSecondFactor', { ...me, body: { code: '000000' } })).toMatchObject({
      status: 400,
      body: { field: 'code', key: 'totp.wrong_code' },
    })
    expect((await w.ask('getSecondFactor', me)).body).toEqual({ since: null, recoveryCodes: 0 })
    const code = codeOf(text(at(begun.body, 'secret')))
    expect((await w.ask('confirmSecondFactor', { ...me, body: { code } })).status).toBe(200)
    expect((await w.ask('getSecondFactor', me)).body).toMatchObject({
      since: expect.any(String),
      recoveryCodes: limits.recoveryCodes,
    })
    expect(await w.ask('beginSecondFactor', me)).toMatchObject({ status: 409, body: { key: 'totp.is_on' } })
    await challenged()
  })

  test('sign in as the second step, each once', async () => {
    const { secret } = await on()
    const code = codeOf(secret)
    const first = await shows({ challenge: await challenged(), code })
    expect(first).toMatchObject({ status: 201, body: { user: { email } } })
    expect((await w.ask('getMe', by(first))).status).toBe(200)
    expect(await shows({ challenge: await challenged(), code })).toMatchObject({
      status: 401,
      body: { key: 'sign_in.wrong_code' },
    })
    // Nor one that is older than it.
    expect((await shows({ challenge: await challenged(), code: codeOf(secret, -1) })).status).toBe(401)
    expect((await shows({ challenge: await challenged(), code: codeOf(secret, 1) })).status).toBe(201)
  })

  test('of two that come at once with one code gets one in', async () => {
    const { secret } = await on()
    const [a, b] = [await challenged(), await challenged()]
    const both = await Promise.all([shows({ challenge: a, code: codeOf(secret) }), shows({ challenge: b, code: codeOf(secret) })])
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 401])
  })

  test('are answered to a challenge that lives for five minutes, gets in once and bears five wrong codes', async () => {
    const { secret, codes } = await on()
    const used = await challenged()
    expect((await shows({ challenge: used, code: codes[0] })).status).toBe(201)
    expect(await shows({ challenge: used, code: codes[1] })).toMatchObject({ status: 401, body: { key: 'sign_in.too_late' } })
    const worn = await challenged()
    for (let i = 0; i < limits.secondFactorTries; i++) await shows({ challenge: worn, code: '000000' })
    expect(await shows({ challenge: worn, code: codeOf(secret) })).toMatchObject({
      status: 401,
      body: { key: 'sign_in.too_late' },
    })
    const late = await challenged()
    w.rows.clock.at += limits.secondFactor
    expect(await shows({ challenge: late, code: codes[2] })).toMatchObject({ status: 401, body: { key: 'sign_in.too_late' } })
  })

  test('are not guessed from many addresses, and who is kept from them by that comes in by a recovery code', async () => {
    const { secret, codes } = await on()
    for (let i = 0; i < limits.signInCodes; i++) {
      const asked = await guess(password, `198.51.100.${i}`)
      await shows({ challenge: text(at(asked.body, 'challenge')), code: '000000' }, `198.51.100.${i}`)
    }
    expect((await shows({ challenge: await challenged(), code: codeOf(secret) })).status).toBe(429)
    expect((await shows({ challenge: await challenged(), code: codes[0] })).status).toBe(201)
  })

  test('have recovery codes beside them, ten, each good once however it is typed, kept hashed', async () => {
    const { codes, me } = await on()
    expect(new Set(codes).size).toBe(10)
    const typed = (codes[0] ?? '').replaceAll('-', ' ').toUpperCase()
    expect((await shows({ challenge: await challenged(), code: typed })).status).toBe(201)
    expect((await shows({ challenge: await challenged(), code: codes[0] })).status).toBe(401)
    expect((await w.ask('getSecondFactor', me)).body).toMatchObject({ recoveryCodes: 9 })
    const kept = await w.database.execute('SELECT hash FROM recovery_code')
    expect(kept.rows.map(row => String(row[0])).every(hash => /^[0-9a-f]{64}$/.test(hash))).toBe(true)
    const renewed = await w.ask('renewRecoveryCodes', me)
    expect((await shows({ challenge: await challenged(), code: codes[1] })).status).toBe(401)
    expect((await shows({ challenge: await challenged(), code: (at(renewed.body, 'codes') as string[])[0] })).status).toBe(201)
  })

  test('are not gone around by an invitation', async () => {
    const { secret } = await on()
    const project = text(at((await w.ask('addProject', { body: { name: 'second' } })).body, 'id'))
    await w.database.execute({
      sql: 'INSERT INTO invitation (id, tokenHash, project, email, role, invitedBy, createdAt, expiresAt) VALUES (?,?,?,?,?,?,?,?)',
      args: ['inv_x', await hashed('an-invitation-token'), project, email, 'viewer', w.rows.user, 0, w.rows.clock.at + 10_000],
    })
    const asked = await shows({ invitation: 'an-invitation-token', password })
    expect(asked.headers.get('set-cookie')).toBeNull()
    const challenge = text(at(asked.body, 'challenge'))
    expect(await shows({ challenge, code: codeOf(secret) })).toMatchObject({ status: 201, body: { project: { id: project } } })
  })

  test('are changed only right after signing in, and by no key', async () => {
    const { me, secret } = await on()
    expect(await w.ask('removeSecondFactor')).toMatchObject({ status: 409, body: { key: 'sign_in.only_session' } })
    w.rows.clock.at += limits.freshSession
    for (const name of ['removeSecondFactor', 'renewRecoveryCodes', 'beginSecondFactor'] as const)
      expect(await w.ask(name, me)).toMatchObject({ status: 409, body: { key: 'sign_in.not_fresh' } })
    const again = by(await shows({ challenge: await challenged(), code: codeOf(secret) }))
    expect((await w.ask('removeSecondFactor', again)).status).toBe(204)
    expect(cookieOf(await guess(password, home))).not.toBe('')
    expect((await w.ask('getSecondFactor', again)).body).toEqual({ since: null, recoveryCodes: 0 })
  })
})

const hashed = async (token: string): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))).toString('hex')
