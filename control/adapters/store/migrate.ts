import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@libsql/client/web'
import { z } from 'zod'
import { defaultGroups } from './default-groups.ts'
import { roomSql } from './room.ts'
import { rootVolumes } from './root-volumes.ts'

/** Migrations are run by the deploy or start command, never by a request: this file is not part of the Worker. */
const folder = join(import.meta.dirname, 'migrations')
const Journal = z.object({ entries: z.array(z.object({ idx: z.int(), tag: z.string() })) })
const journal = Journal.parse(JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')))

/** Of the data that this code reads and writes: how many migrations there are. */
export const schemaVersion = journal.entries.length

/** What is done with the data that is there, behind the statements of a migration, by its index. */
const steps: Readonly<Record<number, readonly string[]>> = { 1: [...rootVolumes, ...defaultGroups, roomSql] }

/** The version of the data in `client`; 0 where there is none yet. */
export async function dataVersion(client: Client): Promise<number> {
  const tables = await client.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'")
  if (tables.rows.length === 0) return 0
  const version = await client.execute("SELECT value FROM meta WHERE key = 'version'")
  return Number(version.rows[0]?.[0] ?? 0)
}

/** Brings the data to `schemaVersion`, each migration in one batch. Throws where it is newer than this code. */
export async function migrate(client: Client): Promise<{ from: number; to: number }> {
  const from = await dataVersion(client)
  if (from > schemaVersion)
    throw new Error(
      `the data is of version ${from}, this Sirocco knows up to ${schemaVersion}: start the newer version, or restore the backup made before its upgrade`,
    )
  for (const { idx, tag } of journal.entries.slice(from)) {
    const statements = readFileSync(join(folder, `${tag}.sql`), 'utf8')
      .split('--> statement-breakpoint')
      .map(text => text.trim())
      .filter(text => text !== '')
    await client.batch(
      [
        ...statements,
        ...(steps[idx] ?? []),
        {
          sql: "INSERT INTO meta (key, value) VALUES ('version', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
          args: [String(idx + 1)],
        },
      ],
      'write',
    )
  }
  return { from, to: schemaVersion }
}
