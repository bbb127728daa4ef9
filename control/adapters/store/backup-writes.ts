import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { BackupChange } from '../../ports/backups.ts'
import { insertRows } from './insert-rows.ts'
import * as s from './schema.ts'
import { unless, type Write } from './write.ts'

/** Nothing else happens to the backups of its volume. */
const alone = (backup: Id<'backup'>): SQL =>
  sql`INSERT INTO guard (stale) SELECT 1 FROM backup b JOIN backup other ON other.volume = b.volume AND other.id <> b.id AND other.busy = 1
    WHERE b.id = ${backup}`

/** A backup's row, of those of its volume that were begun. */
const among = (backup: Id<'backup'>, what: SQL): SQL => sql`(SELECT ${what} FROM backup b JOIN backup own ON own.volume = b.volume
  WHERE own.id = ${backup} AND b.turn IS NOT NULL AND b.made = 'ready' AND b.deleted = 0 ORDER BY b.turn DESC LIMIT 1)`

const at = (backup: Id<'backup'>, generation: number) => and(eq(s.backup.id, backup), eq(s.backup.generation, generation))
const risen = sql`${s.backup.version} + 1`

/** How each change of backups is written. */
export const backupWrites: { readonly [D in BackupChange['do']]: Write<D> } = {
  'backup.insert': ({ backup }, { now }) => [
    insertRows(s.backup, [
      { ...backup, made: 'creating', busy: false, deleted: false, generation: 1, version: 1, createdAt: now } as const,
    ]),
    sql`INSERT INTO guard (quota) SELECT 1
      WHERE (SELECT count(*) FROM backup WHERE volume = ${backup.volume} AND ${sql.identifier('goneAt')} IS NULL) > ${limits.backupsOfVolume}`,
  ],
  'backup.place': ({ backup, generation, host }, { database: { db } }) => [
    alone(backup),
    db
      .update(s.backup)
      .set({
        host,
        busy: true,
        base: sql`${among(backup, sql`b.id`)}`,
        turn: sql`1 + coalesce((SELECT max(b.turn) FROM backup b JOIN backup own ON own.volume = b.volume WHERE own.id = ${backup}), 0)`,
        version: risen,
      })
      .where(and(at(backup, generation), eq(s.backup.made, 'creating'), isNull(s.backup.turn))),
    unless('stale'),
  ],
  'backup.ready': ({ backup, generation, result: { root, sizeBytes, storedBytes } }, { database: { db }, now }) => [
    db
      .update(s.backup)
      .set({ made: 'ready', host: null, busy: false, root, sizeBytes, storedBytes, endedAt: now, version: risen })
      .where(at(backup, generation)),
    unless('stale'),
  ],
  'backup.fail': ({ backup, generation, fault }, { database: { db }, now }) => [
    db
      .update(s.backup)
      .set({ made: 'failed', failure: fault, host: null, busy: false, endedAt: now, version: risen })
      .where(at(backup, generation)),
    unless('stale'),
  ],
  'backup.holds': ({ backup, version }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM backup WHERE id = ${backup} AND version = ${version})`,
  ],
  'backup.delete': ({ backup, version }, { database: { db }, now }) => [
    db
      .update(s.backup)
      .set({
        deleted: true,
        host: null,
        busy: false,
        generation: sql`${s.backup.generation} + 1`,
        version: version + 1,
        endedAt: sql`coalesce(${s.backup.endedAt}, ${now})`,
      })
      .where(and(eq(s.backup.id, backup), eq(s.backup.version, version), eq(s.backup.deleted, false))),
    unless('stale'),
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE ${awaits(backup)} > 0`,
  ],
  'backup.reclaim': ({ backup, generation }, { database: { db } }) => [
    alone(backup),
    db.update(s.backup).set({ busy: true, version: risen }).where(at(backup, generation)),
    unless('stale'),
  ],
  'backup.gone': ({ backup, generation }, { database: { db }, now }) => [
    db
      .update(s.backup)
      .set({
        goneAt: now,
        busy: false,
        sweptAt: sql`CASE WHEN ${s.backup.made} = 'ready' THEN ${now} ELSE ${s.backup.sweptAt} END`,
        version: risen,
      })
      .where(at(backup, generation)),
    unless('stale'),
  ],
  'backup.swept': ({ backup }, { database: { db }, now }) => [
    db.update(s.backup).set({ sweptAt: now }).where(eq(s.backup.id, backup)),
  ],
  'backup.observed': ({ do: _, backup, epoch, seq, ...facts }, { database: { db }, now }) => {
    const row = { ...facts, epoch, seq, at: now }
    return [
      db
        .insert(s.backupObserved)
        .values({ backup, ...row })
        .onConflictDoUpdate({
          target: s.backupObserved.backup,
          set: row,
          setWhere: sql`(${s.backupObserved.epoch} < ${epoch} OR (${s.backupObserved.epoch} = ${epoch} AND ${s.backupObserved.seq} < ${seq}))`,
        }),
      unless('stale'),
    ]
  },
}

/** How many volumes are still to be made from it. */
export const awaits = (backup: Id<'backup'> | typeof s.backup.id): SQL<number> =>
  sql<number>`(SELECT count(*) FROM volume v LEFT JOIN volume_observed o ON o.volume = v.id
    WHERE v.${sql.identifier('sourceBackup')} = ${backup} AND v.deleted = 0 AND v.${sql.identifier('goneAt')} IS NULL AND coalesce(o.here, 0) = 0)`
