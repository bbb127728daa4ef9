import { native } from '@sirocco/control/dialects/native/index.ts'
import type { NativeParts } from '@sirocco/control/dialects/native/parts.ts'
import type { Role } from '@sirocco/control/domain/access/principal.ts'
import { originOf } from '@sirocco/control/http/origin.ts'
import { EventStream } from '@sirocco/control/objects/event-stream.ts'
import { Listeners } from '@sirocco/control/objects/listeners.ts'
import type { Outward } from '@sirocco/control/ports/outward.ts'
import { hashPassword } from '@sirocco/control/services/sessions/password.ts'
import { sha256 } from '@sirocco/control/services/sha256.ts'
import { openapi } from '@sirocco/shared/api/openapi.ts'
import type { Route } from '@sirocco/shared/api/route.ts'
import { base, type RouteName, routes } from '@sirocco/shared/api/routes.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { accessKey, world } from '../../support/world.ts'
import { violations } from './json-schema.ts'

export const publicUrl = 'https://cloud.example'
export const document = openapi(publicUrl, '0.1.0')

interface Ask {
  readonly body?: unknown
  /** Bytes, as they are. */
  readonly raw?: string
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  readonly params?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Of whom; by default the first project's admin, by key. null: nobody. */
  readonly as?: string | null
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed JSON; undefined where there is none. */
  readonly body: unknown
}

/**
 * The native API over the real verbs and store in memory. Each answer is held against the OpenAPI document: an undocumented status, or a
 * body that its schema does not permit, throws.
 */
export async function nativeWorld({
  url = publicUrl,
  outward,
  ...options
}: Parameters<typeof world>[0] & { readonly url?: string; readonly outward?: Outward } = {}) {
  const inner = await world(options)
  const { database, rows } = inner
  const ports = { ...inner.ports, ...(outward ? { outward } : {}) }
  const app = native()
  const listening = new Set<EventStream>()
  const listeners = new Listeners(() => [...listening])
  const scope = { project: rows.project }
  const source = {
    since: (seq: number, limit: number) => rows.store.events.since(scope, seq, limit),
    newest: () => rows.store.events.newest(scope),
  }
  const logged: unknown[] = []
  const parts: NativeParts = {
    ports,
    publicUrl: url,
    ec2Url: 'https://ec2.cloud.example',
    region: 'test-1',
    version: '0.1.0',
    origin: { address: null, device: '' },
    async feed(_, after) {
      const newest = await source.newest()
      assert(newest.ok, 'the newest event')
      const stream = new EventStream(after ?? newest.value, () => listening.delete(stream))
      listening.add(stream)
      await listeners.pump(source)
      return new Response(stream.body, { headers: { 'content-type': 'text/event-stream' } })
    },
    joinLine: async token => `join ${token}`,
    console: async ticket => new Response(ticket),
    log: line => logged.push(line),
  }
  const asked = new Set<RouteName>()

  /** A request as it is, without a look at the document. */
  const raw = (request: Request): Promise<Response> =>
    Promise.resolve(app.fetch(request, { ...parts, origin: originOf(request) }))

  function request(
    name: RouteName,
    {
      body,
      raw,
      query = {},
      params = {},
      headers = {},
      as = `Bearer ${accessKey.accessKeyId}.${accessKey.secretAccessKey}`,
    }: Ask = {},
  ): Request {
    const route: Route = routes[name]
    const url = new URL(
      publicUrl + base + route.path.replaceAll(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? '')),
    )
    for (const [key, value] of Object.entries(query))
      for (const one of typeof value === 'string' ? [value] : value) url.searchParams.append(key, one)
    return new Request(url, {
      method: route.method,
      headers: {
        ...(as === null ? {} : { authorization: as }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(raw === undefined ? {} : { 'content-length': String(raw.length) }),
        ...headers,
      },
      ...(raw === undefined ? {} : { body: raw }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async function ask(name: RouteName, what: Ask = {}): Promise<Answer> {
    asked.add(name)
    // Ids sort by the time of their making: no two requests share a moment.
    rows.clock.at += 1
    const response = await raw(request(name, what))
    const text = await response.text()
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const problems = conforms(name, response, body)
    if (problems.length > 0)
      throw new Error(`${name} answered ${response.status} against its document: ${problems.join('; ')}\n${text.slice(0, 500)}`)
    return { status: response.status, headers: response.headers, body }
  }

  return {
    ...inner,
    ports,
    app,
    parts,
    raw,
    request,
    ask,
    asked,
    logged,
    /** Tells whoever follows what happened since. */
    pump: () => listeners.pump(source),
    /** A person's first sign-in link. */
    async link(): Promise<string> {
      const token = 'a-link-that-nobody-guesses'
      await database.execute({
        sql: 'INSERT INTO session (id, tokenHash, kind, user, project, expiresAt) VALUES (?, ?, ?, ?, ?, ?)',
        args: [ports.ids.make('session'), await sha256(token), 'link', rows.user, rows.project, rows.clock.now() + 1_000],
      })
      return token
    },
    async password(password: string): Promise<void> {
      await database.execute({
        sql: 'UPDATE user SET password = ?',
        args: [await hashPassword(new Secret(password), ports.random)],
      })
    },
    /** Another person with a key, in the same project or one of their own; answers their Authorization header. */
    async person(role: Role, own = false): Promise<string> {
      const [user, key, project] = [
        ports.ids.make('user'),
        ports.ids.make('accessKey'),
        own ? ports.ids.make('project') : rows.project,
      ]
      const now = rows.clock.now()
      if (own)
        await database.execute({
          sql: 'INSERT INTO project (id, name, account, createdAt) VALUES (?, ?, ?, ?)',
          args: [project, project, key.slice(-12), now],
        })
      await database.execute({
        sql: 'INSERT INTO user (id, email, password, createdAt) VALUES (?, ?, NULL, ?)',
        args: [user, `${user}@example.org`, now],
      })
      await database.execute({
        sql: 'INSERT INTO membership (project, user, role) VALUES (?, ?, ?)',
        args: [project, user, role],
      })
      await database.execute({
        sql: 'INSERT INTO access_key (id, accessKeyId, secret, user, project, createdAt) VALUES (?, ?, ?, ?, ?, ?)',
        args: [key, key, `access_key|${key}|secret=hush`, user, project, now],
      })
      return `Bearer ${key}.hush`
    },
  }
}
export type NativeWorld = Awaited<ReturnType<typeof nativeWorld>>

/** What an answer has that the document does not permit. */
function conforms(name: RouteName, response: Response, body: unknown): string[] {
  const { path, method }: Route = routes[name]
  const operation = at(document, 'paths', path.replaceAll(/:(\w+)/g, '{$1}'), method.toLowerCase())
  const documented = at(operation, 'responses')
  if (!isRecord(documented) || !(response.status in documented)) return [`the status ${response.status} is not documented`]
  const content = at(documented, String(response.status), 'content')
  if (content === undefined) return body === undefined ? [] : ['a body where none is documented']
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  if (!isRecord(content) || !(type in content)) return [`the type ${type} is not documented`]
  return violations(document, at(content, type, 'schema'), body)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** What lies at these keys; undefined where nothing does. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let here = value
  for (const key of keys) here = isRecord(here) ? here[key] : undefined
  return here
}
