import { Problem, problemOf } from './problem.ts'

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | readonly string[] | null | undefined>>
  readonly body?: unknown
  /** Bytes, in place of `body`. */
  readonly bytes?: Blob
  /** The same token, the same request: a lost answer is asked for again without doing it twice. */
  readonly token?: string
  readonly signal?: AbortSignal
}

const base = '/api/v1'

/** One call of the native API. What it refuses is thrown as a `Problem`, which Query and forms catch. */
export async function request<T>(path: string, ask: Ask = {}): Promise<T> {
  const headers = new Headers({ accept: 'application/json' })
  if (ask.body !== undefined) headers.set('content-type', 'application/json')
  if (ask.bytes !== undefined) headers.set('content-type', 'application/octet-stream')
  if (ask.token !== undefined) headers.set('idempotency-key', ask.token)
  const response = await reach(`${base}${path}${queryOf(ask.query)}`, {
    method: ask.method ?? 'GET',
    headers,
    credentials: 'same-origin',
    body: ask.bytes ?? (ask.body === undefined ? null : JSON.stringify(ask.body)),
    signal: ask.signal ?? null,
  })
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null)
  if (!response.ok) throw problemOf(response.status, body)
  // The API validates its answers against the schemas that these types come from; parsing again would cost 24 kB of zod.
  return body as T
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem('offline', 0, 'offline', null, null)
  }
}

export function queryOf(query: Ask['query']): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined) continue
    if (typeof value === 'object') for (const one of value) pairs.append(name, one)
    else pairs.append(name, String(value))
  }
  const text = pairs.toString()
  return text === '' ? '' : `?${text}`
}
