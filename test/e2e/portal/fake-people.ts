import type { Me } from '@sirocco/shared/api/sessions.ts'
import type { AccessKey, Invitation, Member, QuotaList, Session } from '@sirocco/shared/api/tenancy.ts'

interface Answer {
  readonly status: number
  readonly body: unknown
}

const day = 86_400_000
const inDays = (n: number): string => new Date(Date.now() + n * day).toISOString()
const some = <T extends string>(words: readonly [T, ...T[]], word: unknown): T => words.find(each => each === word) ?? words[0]

/** Members, invitations, quota, access keys, sessions and projects of the fake control plane; null: not of these. */
export function fakePeople(me: Me): (method: string, parts: readonly string[], body: Record<string, unknown>) => Answer | null {
  let members: Member[] = [
    { user: me.user.id, email: me.user.email, role: me.role, disabled: false },
    { user: 'user_grace', email: 'grace@example.org', role: 'viewer', disabled: false },
  ]
  let invitations: Invitation[] = []
  let keys: AccessKey[] = []
  let sessions: Session[] = [
    {
      id: 'session_here',
      project: me.project.id,
      current: true,
      createdAt: inDays(-1),
      address: '192.0.2.7',
      device: 'Firefox on Linux',
      lastUsedAt: null,
      expiresAt: inDays(6),
    },
    {
      id: 'session_there',
      project: me.project.id,
      current: false,
      createdAt: inDays(-2),
      address: '192.0.2.7',
      device: 'Firefox on Linux',
      lastUsedAt: null,
      expiresAt: inDays(5),
    },
  ]
  let quota: QuotaList['items'] = [
    { resource: 'machines', limit: 10, used: 3 },
    { resource: 'memory', limit: null, used: 6_144 },
  ]
  const list = (items: readonly unknown[]): Answer => ({ status: 200, body: { items, next: null } })
  const gone: Answer = { status: 204, body: null }

  return (method, [noun, key, verb], body) => {
    if (noun === 'projects' && verb === 'quota') {
      if (method === 'GET') return { status: 200, body: { items: quota } }
      quota = quota.map(each => {
        const limit = body[each.resource]
        return limit === null || typeof limit === 'number' ? { ...each, limit } : each
      })
      return gone
    }
    if (noun === 'projects')
      return list([
        { ...me.project, role: me.role },
        { id: 'project_other', name: 'other', account: '000000000002', role: 'viewer' },
      ])
    if (noun === 'members') {
      if (method === 'DELETE') members = members.filter(({ user }) => user !== key)
      const role = some(['viewer', 'operator', 'owner', 'admin'], body.role)
      if (method === 'PATCH') members = members.map(member => (member.user === key ? { ...member, role } : member))
      return method === 'GET' ? list(members) : method === 'DELETE' ? gone : { status: 200, body: members[0] }
    }
    if (noun === 'invitations') {
      if (method === 'GET') return list(invitations)
      if (method === 'DELETE') {
        invitations = invitations.filter(({ id }) => id !== key)
        return gone
      }
      const made: Invitation = {
        id: `invitation_${invitations.length}`,
        email: String(body.email),
        role: some(['viewer', 'operator', 'owner'], body.role),
        by: me.user.email,
        createdAt: inDays(0),
        expiresAt: inDays(7),
      }
      invitations = [...invitations, made]
      return { status: 201, body: { ...made, link: 'https://cloud.example.org/sign-in#invitation=once-only' } }
    }
    if (noun === 'access-keys') {
      if (method === 'GET') return list(keys)
      if (method === 'DELETE') {
        keys = keys.filter(({ id }) => id !== key)
        return gone
      }
      const made: AccessKey = {
        id: `key_${keys.length}`,
        accessKeyId: 'AKIAFAKEFAKEFAKEFAKE',
        user: me.user.id,
        email: me.user.email,
        createdAt: inDays(0),
        expiresAt: typeof body.days === 'number' ? inDays(body.days) : null,
        lastUsedAt: null,
      }
      keys = [...keys, made]
      return { status: 201, body: { ...made, secretAccessKey: 'only-shown-once' } }
    }
    if (noun === 'sign-ins') {
      if (method === 'DELETE') sessions = sessions.filter(({ id }) => id !== key)
      return method === 'DELETE' ? gone : list(sessions)
    }
    return null
  }
}
