import { limits } from '@sirocco/shared/model/limits.ts'
import { describe, expect, test } from 'vitest'
import { type Answer, at, type NativeWorld, nativeWorld, publicUrl } from './native-world.ts'

const itemsOf = ({ body }: Answer): readonly unknown[] => {
  const items = at(body, 'items')
  if (!Array.isArray(items)) throw new Error('no list')
  return items
}
const text = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error(`no text: ${JSON.stringify(value)}`)
  return value
}
const password = 'a long enough password'

/** Somebody new, invited and come in: how they go on. */
async function joined(w: NativeWorld, email: string, role: 'viewer' | 'operator' | 'owner', by?: string) {
  const invited = await w.ask('addInvitation', { body: { email, role }, ...(by === undefined ? {} : { as: by }) })
  const invitation = text(at(invited.body, 'link')).split('#invitation=')[1] ?? ''
  const begun = await w.ask('signIn', { as: null, headers: { origin: publicUrl }, body: { invitation, password } })
  expect(begun.status).toBe(201)
  const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return { invitation, user: text(at(begun.body, 'user', 'id')), as: { as: null, headers: { cookie, origin: publicUrl } } }
}
type Person = Awaited<ReturnType<typeof joined>>

async function keyOf(w: NativeWorld, { as }: Person, body: { days?: number } = {}) {
  const made = await w.ask('addAccessKey', { ...as, body })
  return { id: text(at(made.body, 'id')), bearer: `Bearer ${at(made.body, 'accessKeyId')}.${at(made.body, 'secretAccessKey')}` }
}

describe('an invitation', () => {
  test('makes somebody new a member, once', async () => {
    const w = await nativeWorld()
    const ann = await joined(w, 'Ann@Example.org', 'operator')
    expect((await w.ask('getMe', ann.as)).body).toMatchObject({ role: 'operator', user: { email: 'ann@example.org' } })
    expect(itemsOf(await w.ask('listMembers', ann.as))).toMatchObject([{ role: 'admin' }, { user: ann.user, role: 'operator' }])
    const again = { as: null, headers: { origin: publicUrl }, body: { invitation: ann.invitation, password } }
    expect(await w.ask('signIn', again)).toMatchObject({ status: 401 })
    const signIn = { as: null, headers: { origin: publicUrl }, body: { email: 'ann@example.org', password } }
    expect(await w.ask('signIn', signIn)).toMatchObject({ status: 201 })
    expect(await w.ask('addInvitation', { body: { email: 'ann@example.org', role: 'owner' } })).toMatchObject({
      status: 409,
      body: { code: 'already_exists', field: 'email' },
    })
  })

  test('is taken up by who has an account only with their password', async () => {
    const w = await nativeWorld()
    const ann = await joined(w, 'ann@example.org', 'operator')
    const project = text(at((await w.ask('addProject', { body: { name: 'second' } })).body, 'id'))
    const admin = await w.ask('signIn', { as: null, headers: { origin: publicUrl }, body: { link: await w.link() } })
    const cookie = (admin.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const asAdmin = { as: null, headers: { cookie, origin: publicUrl } }
    await w.ask('switchProject', { ...asAdmin, body: { project } })
    const invited = await w.ask('addInvitation', { ...asAdmin, body: { email: 'ann@example.org', role: 'viewer' } })
    const invitation = text(at(invited.body, 'link')).split('#invitation=')[1] ?? ''
    const accept = (given: string) =>
      w.ask('signIn', { as: null, headers: { origin: publicUrl }, body: { invitation, password: given } })
    expect(await accept('another password entirely')).toMatchObject({ status: 401 })
    expect(await accept(password)).toMatchObject({ status: 201, body: { role: 'viewer', project: { id: project } } })
    expect(itemsOf(await w.ask('listProjects', ann.as))).toMatchObject([{ role: 'operator' }, { id: project, role: 'viewer' }])
  })

  test('that was withdrawn or has expired is none', async () => {
    const w = await nativeWorld()
    const made = await w.ask('addInvitation', { body: { email: 'ann@example.org', role: 'viewer' } })
    const accept = (link: unknown) => {
      const invitation = text(link).split('#invitation=')[1] ?? ''
      return w.ask('signIn', { as: null, headers: { origin: publicUrl }, body: { invitation, password } })
    }
    expect(itemsOf(await w.ask('listInvitations'))).toMatchObject([{ email: 'ann@example.org', by: 'admin@example.org' }])
    await w.ask('deleteInvitation', { params: { id: text(at(made.body, 'id')) } })
    expect(await accept(at(made.body, 'link'))).toMatchObject({ status: 401 })
    const late = await w.ask('addInvitation', { body: { email: 'ann@example.org', role: 'viewer' } })
    w.rows.clock.at += limits.invitation
    expect(await accept(at(late.body, 'link'))).toMatchObject({ status: 401 })
    expect(itemsOf(await w.ask('listInvitations'))).toEqual([])
  })

  test('asks for a password that is not too short', async () => {
    const w = await nativeWorld()
    const made = await w.ask('addInvitation', { body: { email: 'ann@example.org', role: 'viewer' } })
    const invitation = text(at(made.body, 'link')).split('#invitation=')[1] ?? ''
    const body = { invitation, password: 'short' }
    expect(await w.ask('signIn', { as: null, headers: { origin: publicUrl }, body })).toMatchObject({
      status: 400,
      body: { field: 'password' },
    })
  })
})

describe('a member', () => {
  test('who is removed has no session and no key any more, and sees nothing', async () => {
    const w = await nativeWorld()
    const ann = await joined(w, 'ann@example.org', 'operator')
    const { bearer } = await keyOf(w, ann)
    expect((await w.ask('listMachines', { as: bearer })).status).toBe(200)
    await w.ask('removeMember', { params: { user: 'ann@example.org' } })
    expect((await w.ask('listMachines', { as: bearer })).status).toBe(401)
    expect((await w.ask('listMachines', ann.as)).status).toBe(401)
    expect((await w.ask('removeMember', { params: { user: ann.user } })).status).toBe(404)
  })

  test('may leave, but the last owner may not, nor become less', async () => {
    const w = await nativeWorld()
    const ann = await joined(w, 'ann@example.org', 'viewer')
    expect((await w.ask('removeMember', { ...ann.as, params: { user: ann.user } })).status).toBe(204)
    expect((await w.ask('getMe', ann.as)).status).toBe(401)
    const self = { params: { user: w.rows.user } }
    expect(await w.ask('removeMember', self)).toMatchObject({ status: 409, body: { key: 'member.last_owner' } })
    expect(await w.ask('changeMember', { ...self, body: { role: 'viewer' } })).toMatchObject({
      status: 409,
      body: { key: 'member.last_owner' },
    })
  })

  test('of two owners who leave at once stays', async () => {
    const w = await nativeWorld()
    const [ann, ben] = [await joined(w, 'ann@example.org', 'owner'), await joined(w, 'ben@example.org', 'owner')]
    await w.database.execute("DELETE FROM membership WHERE role = 'admin'")
    const left = await Promise.all([ann, ben].map(one => w.ask('removeMember', { ...one.as, params: { user: one.user } })))
    expect(left.map(({ status }) => status).sort()).toEqual([204, 409])
  })

  test('who owns the project changes roles, but makes and unmakes no admin', async () => {
    const w = await nativeWorld()
    const [ann, ben] = [await joined(w, 'ann@example.org', 'owner'), await joined(w, 'ben@example.org', 'viewer')]
    const change = (user: string, role: string) => w.ask('changeMember', { ...ann.as, params: { user }, body: { role } })
    expect(await change(ben.user, 'operator')).toMatchObject({ status: 200, body: { role: 'operator' } })
    expect((await w.ask('getMe', ben.as)).body).toMatchObject({ role: 'operator' })
    expect(await change(ben.user, 'admin')).toMatchObject({ status: 403 })
    expect(await change(ann.user, 'admin')).toMatchObject({ status: 403 })
    expect(await change(w.rows.user, 'viewer')).toMatchObject({ status: 403 })
    expect(await w.ask('removeMember', { ...ann.as, params: { user: w.rows.user } })).toMatchObject({ status: 403 })
  })
})

describe('projects', () => {
  test('are made with a network of their own, and see nothing of each other', async () => {
    const w = await nativeWorld()
    const launched = await w.ask('launchMachines', { body: { image: w.rows.image, flavor: 't3.nano' } })
    const machine = text(at(launched.body, 'machines', '0', 'id'))
    const made = await w.ask('addProject', { body: { name: 'second' } })
    expect(made).toMatchObject({ status: 201, body: { name: 'second', role: 'admin' } })
    expect(await w.ask('addProject', { body: { name: 'second' } })).toMatchObject({ body: { code: 'already_exists' } })
    const begun = await w.ask('signIn', { as: null, headers: { origin: publicUrl }, body: { link: await w.link() } })
    const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const as = { as: null, headers: { cookie, origin: publicUrl } }
    expect((await w.ask('getMachine', { ...as, params: { id: machine } })).status).toBe(200)
    const moved = await w.ask('switchProject', { ...as, body: { project: text(at(made.body, 'id')) } })
    expect(moved).toMatchObject({ status: 200, body: { project: { name: 'second' } } })
    expect((await w.ask('getMachine', { ...as, params: { id: machine } })).status).toBe(404)
    expect(itemsOf(await w.ask('listMachines', as))).toEqual([])
    const own = await w.ask('launchMachines', { ...as, body: { image: w.rows.image, flavor: 't3.nano' } })
    expect(own.status).toBe(202)
    expect((await w.ask('getMachine', { params: { id: text(at(own.body, 'machines', '0', 'id')) } })).status).toBe(404)
  })

  test('of others are not there to switch to', async () => {
    const w = await nativeWorld()
    const ann = await joined(w, 'ann@example.org', 'owner')
    const made = await w.ask('addProject', { body: { name: 'second' } })
    const to = (project: string) => w.ask('switchProject', { ...ann.as, body: { project } })
    const [hidden, missing] = [await to(text(at(made.body, 'id'))), await to('prj_none')]
    expect([hidden.status, missing.status]).toEqual([404, 404])
    expect(text(at(hidden.body, 'detail')).replace(text(at(made.body, 'id')), '')).toBe(
      text(at(missing.body, 'detail')).replace('prj_none', ''),
    )
    expect(await w.ask('switchProject', { body: { project: text(at(made.body, 'id')) } })).toMatchObject({
      status: 409,
      body: { key: 'session.is_key' },
    })
  })
})

describe('access keys', () => {
  test('tell their last use, expire, and are revoked by who owns them', async () => {
    const w = await nativeWorld()
    const [ann, ben] = [await joined(w, 'ann@example.org', 'viewer'), await joined(w, 'ben@example.org', 'operator')]
    const { id, bearer } = await keyOf(w, ann, { days: 1 })
    expect(itemsOf(await w.ask('listAccessKeys', ann.as))).toMatchObject([{ id, lastUsedAt: null }])
    expect(itemsOf(await w.ask('listAccessKeys', ben.as))).toEqual([])
    expect(itemsOf(await w.ask('listAccessKeys'))).toHaveLength(2)
    expect(await w.ask('getMe', { as: bearer })).toMatchObject({ body: { role: 'viewer', via: 'key' } })
    expect(itemsOf(await w.ask('listAccessKeys', ann.as))).toMatchObject([{ id, lastUsedAt: expect.any(String) }])
    expect((await w.ask('deleteAccessKey', { ...ben.as, params: { id } })).status).toBe(404)
    const other = await keyOf(w, ann)
    w.rows.clock.at += 86_400_000
    expect((await w.ask('getMe', { as: bearer })).status).toBe(401)
    expect((await w.ask('getMe', { as: other.bearer })).status).toBe(200)
    expect((await w.ask('deleteAccessKey', { params: { id: other.id } })).status).toBe(204)
    expect((await w.ask('getMe', { as: other.bearer })).status).toBe(401)
  })

  test('are so many a person', async () => {
    const w = await nativeWorld()
    for (let i = 1; i < limits.accessKeys; i++) expect((await w.ask('addAccessKey', { body: {} })).status).toBe(201)
    expect(await w.ask('addAccessKey', { body: {} })).toMatchObject({ body: { code: 'quota' } })
  })
})

describe('sessions', () => {
  test('are listed and ended by their own person', async () => {
    const w = await nativeWorld()
    const [ann, ben] = [await joined(w, 'ann@example.org', 'viewer'), await joined(w, 'ben@example.org', 'viewer')]
    const [own] = itemsOf(await w.ask('listSignIns', ann.as))
    expect(own).toMatchObject({ current: true })
    const id = text(at(own, 'id'))
    expect((await w.ask('endSignIn', { ...ben.as, params: { id } })).status).toBe(404)
    expect((await w.ask('endSignIn', { ...ann.as, params: { id } })).status).toBe(204)
    expect((await w.ask('getMe', ann.as)).status).toBe(401)
  })
})

describe('an account', () => {
  test('that is disabled is out at once, by every way, until it is enabled', async () => {
    const w = await nativeWorld()
    const ann = await joined(w, 'ann@example.org', 'owner')
    const { bearer } = await keyOf(w, ann)
    const set = (user: string, disabled: boolean) => w.ask('changeUser', { params: { user }, body: { disabled } })
    expect(await set(ann.user, true)).toMatchObject({ status: 200, body: { disabledAt: expect.any(String) } })
    const signIn = { as: null, headers: { origin: publicUrl }, body: { email: 'ann@example.org', password } }
    expect((await w.ask('getMe', ann.as)).status).toBe(401)
    expect((await w.ask('getMe', { as: bearer })).status).toBe(401)
    expect((await w.ask('signIn', signIn)).status).toBe(401)
    await set(ann.user, false)
    expect((await w.ask('getMe', ann.as)).status).toBe(401)
    expect((await w.ask('getMe', { as: bearer })).status).toBe(200)
    expect((await w.ask('signIn', signIn)).status).toBe(201)
    expect(await set(w.rows.user, true)).toMatchObject({ status: 409, body: { key: 'user.is_self' } })
    expect(itemsOf(await w.ask('listUsers'))).toHaveLength(2)
    expect((await w.ask('listUsers', { as: bearer })).status).toBe(403)
  })
})
