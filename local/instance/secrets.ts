import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { hex, type Random } from '../../shared/kit/random.ts'

/** What an instance is made of once and for all: lost, its database cannot be read. */
const Secrets = z.object({
  /** Named in the metadata of every domain, and in the path of its disks. */
  instance: z.string().regex(/^[a-z0-9]{12}$/),
  /** AES-256 key for what is sealed in the database, base64. */
  sealingKey: z.string(),
  databaseToken: z.string(),
  admin: z.object({ email: z.string(), password: z.string() }),
  accessKey: z.object({ id: z.string().regex(/^AKIA[A-Z2-7]{16}$/), secret: z.string() }),
})
export type Secrets = z.infer<typeof Secrets>

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const letters = (random: Random, count: number, alphabet: string) =>
  Array.from(random.bytes(count), byte => alphabet.charAt(byte % alphabet.length)).join('')

const makeSecrets = (random: Random): Secrets => ({
  instance: hex(random, 12),
  sealingKey: Buffer.from(random.bytes(32)).toString('base64'),
  databaseToken: Buffer.from(random.bytes(24)).toString('base64url'),
  admin: { email: 'admin@sirocco.local', password: Buffer.from(random.bytes(15)).toString('base64url') },
  // The shape of AWS's own, which some clients check.
  accessKey: { id: `AKIA${letters(random, 16, base32)}`, secret: Buffer.from(random.bytes(30)).toString('base64') },
})

/** Those of this directory, made at the first start; `undefined` when what stands there is no secrets file. */
export function secretsOf(file: string, random: Random): Secrets | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    const made = makeSecrets(random)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(`${file}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flush: true })
    renameSync(`${file}.new`, file)
    return made
  }
  try {
    return Secrets.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
