import type { Blobs } from '@sirocco/control/ports/blobs.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'

/** Image bytes in memory. */
export function memoryBlobs(): Blobs & { readonly all: Map<string, Uint8Array> } {
  const all = new Map<string, Uint8Array>()
  const uploads = new Map<string, Map<number, Uint8Array>>()
  const read = async (body: ReadableStream<Uint8Array>) => new Uint8Array(await new Response(body as BodyInit).arrayBuffer())
  return {
    all,
    async get(key, range) {
      const bytes = all.get(key)
      if (!bytes) return null
      const { offset = 0, length } = range ?? {}
      const part = bytes.slice(offset, length === undefined ? undefined : offset + length)
      return { body: new Blob([part]).stream(), size: bytes.byteLength }
    },
    size: async key => all.get(key)?.byteLength ?? null,
    async put(key, body, sha256) {
      const bytes = await read(body)
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
      if (sha256 !== null && sha256 !== digest) return refuse('invalid', 'the bytes are not what their checksum promised')
      all.set(key, bytes)
      return ok(undefined)
    },
    list: async prefix =>
      ok([...all].filter(([key]) => key.startsWith(prefix)).map(([key, bytes]) => ({ key, bytes: bytes.byteLength }))),
    async remove(keys) {
      for (const key of keys) all.delete(key)
      return ok(undefined)
    },
    async begin(key) {
      uploads.set(`${key} 1`, new Map())
      return ok('1')
    },
    async part(key, upload, n, body) {
      uploads.get(`${key} ${upload}`)?.set(n, await read(body))
      return ok({ n, etag: String(n) })
    },
    async complete(key, upload, parts) {
      const stored = uploads.get(`${key} ${upload}`)
      all.set(key, Buffer.concat(parts.map(({ n }) => stored?.get(n) ?? new Uint8Array(0))))
      return ok(undefined)
    },
  }
}
