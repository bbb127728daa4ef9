import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { assert } from '@sirocco/shared/kit/assert.ts'
import Provider from 'oidc-provider'

export interface Account {
  readonly email?: string
  readonly email_verified?: boolean
  readonly groups?: readonly string[]
}

/** An OpenID Connect provider (oidc-provider) on loopback, whose forms a browser without a screen fills in. */
export interface IdentityProviderProcess {
  readonly issuer: string
  /** By the name that is typed at its sign-in, which is the subject. */
  readonly accounts: Map<string, Account>
  /** What of each answer of its token endpoint is changed on the way, as by somebody who sits in between. */
  tamper(by: ((token: Record<string, unknown>) => Record<string, unknown>) | null): void
  /** Goes where `url` leads, signs in as `name`, agrees; the query that it is sent back with. */
  visit(url: string, name: string): Promise<string>
  close(): Promise<void>
}

export const clients = {
  ours: { client_id: 'sirocco', client_secret: 'a secret of both' },
  other: { client_id: 'other', client_secret: 'a secret of others' },
} as const

/** `back`: where it sends browsers, of this instance alone. */
export async function startIdentityProvider(back: string): Promise<IdentityProviderProcess> {
  const accounts = new Map<string, Account>()
  let change: ((token: Record<string, unknown>) => Record<string, unknown>) | null = null
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: Object.values(clients).map(client => ({ ...client, redirect_uris: [back] })),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    // Seconds: less than a way there and back may take.
    ttl: { IdToken: 60 },
    pkce: { required: () => true },
    cookies: { keys: ['of a test'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub, ...accounts.get(sub) }) }),
  })
  provider.use(async (context, next) => {
    await next()
    const body: unknown = context.body
    if (context.path === '/token' && change && typeof body === 'object' && body !== null) context.body = change({ ...body })
  })
  server.on('request', provider.callback())
  return {
    issuer,
    accounts,
    tamper(by) {
      change = by
    },
    visit: (url, name) => visit(url, name, back),
    close: () =>
      new Promise(done => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

async function visit(url: string, name: string, back: string): Promise<string> {
  const cookies = new Map<string, string>()
  let at = url
  let form: URLSearchParams | null = null
  for (let hop = 0; hop < 12; hop++) {
    if (at.startsWith(`${back}?`)) return at.slice(back.length + 1)
    const headers = { cookie: [...cookies].map(([key, value]) => `${key}=${value}`).join('; ') }
    const answer: Response = await fetch(at, {
      redirect: 'manual',
      headers,
      ...(form ? { method: 'POST', body: form } : {}),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(key, value)
    }
    const to = answer.headers.get('location')
    if (to !== null) {
      await answer.body?.cancel()
      at = new URL(to, at).href
      form = null
      continue
    }
    const page = await answer.text()
    const action = /action="([^"]+)"/.exec(page)?.[1]
    assert(action !== undefined, `a form, not ${answer.status} ${page.slice(0, 300)}`)
    at = new URL(action, at).href
    form = new URLSearchParams(
      page.includes('value="login"') ? { prompt: 'login', login: name, password: 'any' } : { prompt: 'consent' },
    )
  }
  throw new Error(`it goes on and on: ${at}`)
}
