import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { BlobBegun, BlobStored } from '@sirocco/shared/wire/blobs.ts'
import { textOf } from '../link/request.ts'
import type { Blobs } from '../ports/blobs.ts'

/** One signed request to the control plane. */
export type Ask = (method: string, path: string, body?: string | Uint8Array) => Promise<IncomingMessage>

/** Of one part, before the whole is given up. */
const tries = 4
/** Of an answer without image bytes. */
const answerBytes = 64 * 1_024

export const blobsBy = (ask: Ask): Blobs => ({
  async put(path, told, signal) {
    const sha256 = await digestOf(path)
    const file = await open(path, 'r')
    try {
      const { size: bytes } = await file.stat()
      const begun = BlobBegun.safeParse(await asked(ask, 'POST', `agent/blobs/${sha256}/uploads`, JSON.stringify({ bytes })))
      if (!begun.success) return lost
      const { upload } = begun.data
      if (upload === null) return ok({ sha256, bytes })
      const parts: BlobStored[] = []
      const count = Math.max(1, Math.ceil(bytes / limits.blobPart))
      for (let n = 1; n <= count; n++) {
        if (signal.aborted) return refuse('unavailable', 'it was ended')
        const chunk = Buffer.alloc(Math.min(limits.blobPart, bytes - (n - 1) * limits.blobPart))
        await file.read(chunk, 0, chunk.length, (n - 1) * limits.blobPart)
        const to = `agent/blobs/${sha256}/uploads/${n}?upload=${encodeURIComponent(upload)}`
        let stored: BlobStored | null = null
        for (let i = 0; i < tries && !stored; i++) stored = BlobStored.safeParse(await asked(ask, 'PUT', to, chunk)).data ?? null
        if (!stored) return lost
        parts.push(stored)
        told(Math.floor((100 * n) / count))
      }
      const end = `agent/blobs/${sha256}/uploads/complete?upload=${encodeURIComponent(upload)}`
      const completed = BlobBegun.safeParse(await asked(ask, 'POST', end, JSON.stringify({ parts })))
      return completed.success ? ok({ sha256, bytes }) : lost
    } finally {
      await file.close()
    }
  },
  async uploaded(image, n) {
    try {
      const answer = await ask('GET', `agent/uploads/${image}/${n}`)
      if (answer.statusCode === 200) return ok(answer)
      answer.destroy()
      return answer.statusCode === 404 ? refuse('invalid', `part ${n} of the upload is not there; upload it again`) : lost
    } catch {
      return lost
    }
  },
})

const lost = refuse('unavailable', 'the store of image bytes does not answer')

/** The answer's JSON; null where there is none that can be used. */
async function asked(ask: Ask, method: string, path: string, body: string | Uint8Array): Promise<unknown> {
  try {
    const answer = await ask(method, path, body)
    const text = await textOf(answer, answerBytes)
    return answer.statusCode === 200 ? JSON.parse(text) : null
  } catch {
    return null
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
