import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What `DIR/ready.json` says, when and only when everything is ready. After a `kill -9` it lies there still: look at the pid. */
export const Ready = z.object({
  url: z.string(),
  admin: z.object({ email: z.string(), password: z.string() }),
  ec2: z.object({ endpoint: z.string(), region: z.string(), accessKeyId: z.string(), secretAccessKey: z.string() }),
  api: z.object({ url: z.string(), token: z.string() }),
  pid: z.number().int().positive(),
})
export type Ready = z.infer<typeof Ready>

const path = (data: string) => join(data, 'ready.json')

/** Written beside and moved into place: whoever sees the file sees all of it. */
export function writeReady(data: string, ready: Ready): void {
  const beside = `${path(data)}.new`
  rmSync(beside, { force: true })
  writeFileSync(beside, `${JSON.stringify(ready, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(beside, path(data))
}

export const removeReady = (data: string): void => rmSync(path(data), { force: true })

/** That of a running instance; `undefined` while it is not ready, or was killed. */
export function readReady(data: string): Ready | undefined {
  try {
    const ready = Ready.parse(JSON.parse(readFileSync(path(data), 'utf8')))
    process.kill(ready.pid, 0)
    return ready
  } catch {
    return undefined
  }
}
