import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What an instance is for good: machines, addresses and names hang on it. */
const Nature = z.object({ region: z.string(), simulated: z.boolean() })
export type Nature = z.infer<typeof Nature>

/** What this directory was begun as; what is asked now, if it is new. */
export function natureOf(data: string, asked: Nature): Nature {
  const file = join(data, 'instance.json')
  try {
    return Nature.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    writeFileSync(`${file}.new`, `${JSON.stringify(asked)}\n`, { mode: 0o600, flush: true })
    renameSync(`${file}.new`, file)
    return asked
  }
}
