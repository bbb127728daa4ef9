import { writeFileSync } from 'node:fs'
import Database from 'libsql'

/** A consistent copy of a database that others may be writing to meanwhile, for its owner alone. */
export function copyDatabase(from: string, to: string): void {
  // Made empty first, which VACUUM INTO allows: so nobody else can read it at any moment.
  writeFileSync(to, '', { mode: 0o600, flag: 'wx' })
  const database = new Database(from, { timeout: waitMs })
  try {
    database.prepare('VACUUM INTO ?').run(to)
  } finally {
    database.close()
  }
}

/** For a moment at which the file is locked, as at a checkpoint. */
const waitMs = 10_000
