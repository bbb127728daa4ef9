import { readFileSync } from 'node:fs'
import { Stop } from '../stop.ts'

/** Shorter ones are guessed. */
const shortest = 12
const variable = 'SIROCCO_BACKUP_PASSPHRASE'

export const secretHelp = `  --key-file FILE  what seals it: a file with a passphrase or a key, of ${shortest} letters or more (e.g. \`openssl rand -hex 32\`); or give it in
                   ${variable}. Keep it elsewhere: nothing opens the backup without it`

/** What a backup is sealed by: of a file, or of the environment; arguments are there for all to see. */
export function secretOf(keyFile: string | undefined): string {
  const given = keyFile === undefined ? process.env[variable] : read(keyFile)
  const secret = given?.trim() ?? ''
  if (secret === '') throw new Stop(`A backup holds secrets, and is sealed: give --key-file FILE, or ${variable}.`, 2)
  if (secret.length < shortest) throw new Stop(`The key is too short: take ${shortest} letters or more.`, 2)
  return secret
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Stop(`${file} cannot be read: --key-file takes a file with the key.`, 2)
  }
}
