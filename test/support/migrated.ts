import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import Database from 'libsql'
import { type MemoryDatabase, memoryDatabase } from '../simulation/world/client.ts'

/** A database as every migration has left it; they run once for all that begin as its copy. */
const template = await inFolder(async folder => {
  const file = join(folder, 'template.db')
  const client = memoryDatabase()
  await migrate(client)
  client.look(`VACUUM INTO '${file}'`)
  client.close()
  return readFileSync(file)
})

/** A double of the store's client that is migrated already: its file has no name any more, and its journal none at all. */
export function migratedDatabase(): MemoryDatabase {
  return inFolder(folder => {
    const file = join(folder, 'copy.db')
    writeFileSync(file, template)
    const native = new Database(file)
    // The last of these opens the file.
    native.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; SELECT 1 FROM meta')
    return memoryDatabase(native)
  })
}

/** Runs `make` with a folder that is gone afterwards. */
function inFolder<T>(make: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-database-'))
  const end = () => rmSync(folder, { recursive: true, force: true })
  try {
    const made = make(folder)
    if (made instanceof Promise) void made.finally(end)
    else end()
    return made
  } catch (error) {
    end()
    throw error
  }
}
