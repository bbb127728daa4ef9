import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}

export interface Asset {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array | null
}

/** All files of a folder by their path in a URL. Looked up, never joined: no path leads anywhere else. */
function filesOf(folder: string): ReadonlyMap<string, string> {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    return new Map(
      entries.map(entry => {
        const path = join(entry.parentPath, entry.name)
        return [`/${relative(folder, path).split(sep).join('/')}`, path]
      }),
    )
  } catch {
    return new Map()
  }
}

/** When the folder was last built; 0 where it never was. */
function builtAt(folder: string): number {
  return statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Vite puts a hash of the content into these names: they never change. */
const unchanging = /^\/assets\/.+-[A-Za-z0-9_-]{8,}\.\w+$/

/**
 * What is served of the portal's build, as the edge's static assets do it: files by name, `index.html` for what looks like a page of
 * the application, 404 for what looks like a file.
 */
export function assetsOf(folder: string): (request: { method: string; pathname: string; etag: string | null }) => Asset {
  let files = filesOf(folder)
  let build = builtAt(folder)
  return ({ method, pathname, etag }) => {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' }, body: null }
    const newest = builtAt(folder)
    if (newest !== build) {
      files = filesOf(folder)
      build = newest
    }
    const named = pathname === '/' ? '/index.html' : decoded(pathname)
    const found =
      named === undefined ? undefined : (files.get(named) ?? (extname(named) === '' ? files.get('/index.html') : undefined))
    const body = found === undefined ? undefined : read(found)
    if (found === undefined || body === undefined)
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('not found\n') }

    const own = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
    const headers = {
      'content-type': types[extname(found)] ?? 'application/octet-stream',
      'cache-control': unchanging.test(pathname) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
      etag: own,
    }
    if (etag === own) return { status: 304, headers, body: null }
    return { status: 200, headers: { ...headers, 'content-length': String(body.length) }, body: method === 'HEAD' ? null : body }
  }
}

function decoded(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return undefined
  }
}

function read(path: string): Buffer | undefined {
  try {
    return statSync(path).isFile() ? readFileSync(path) : undefined
  } catch {
    return undefined
  }
}
