import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, asc, eq, gt, isNotNull, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { Backup } from '../../../domain/backups/backup.ts'
import type { BackupReads } from '../../../ports/backups.ts'
import { awaits } from '../backup-writes.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { among } from './among.ts'
import { paged } from './page.ts'

/** Backups of volumes, with how far those are that are being taken. */
export function backupReads(database: Database): BackupReads {
  const { db, clock } = database
  const visible = () => or(isNull(s.backup.goneAt), gt(s.backup.goneAt, clock.now() - limits.goneVisible))
  const within = (scope: Scope) => (scope === 'platform' ? undefined : eq(s.backup.project, scope.project))

  async function load(which: SQL | undefined, limit: number | null): Promise<Result<Backup[]>> {
    const rows = await database.read(() => {
      const chosen = db
        .select({ backup: s.backup, observed: s.backupObserved, silentSince: s.agent.silentSince, awaited: awaits(s.backup.id) })
        .from(s.backup)
        .leftJoin(s.backupObserved, eq(s.backupObserved.backup, s.backup.id))
        .leftJoin(s.host, eq(s.host.id, s.backup.host))
        .leftJoin(s.agent, eq(s.agent.id, s.host.agent))
        .where(which)
        .$dynamic()
      return (limit === null ? chosen : chosen.orderBy(asc(s.backup.id))).limit(limit ?? limits.pageMax)
    })
    if (!rows.ok) return rows
    return ok(
      rows.value.map(({ backup: { endedAt: _, sweptAt: __, ...backup }, observed, silentSince, awaited }) => ({
        ...backup,
        hostAlive: backup.host !== null && silentSince === null,
        awaited,
        observed,
      })),
    )
  }

  return {
    async find(scope, refs) {
      const found = await load(and(within(scope), among(s.backup.id, refs), visible()), null)
      if (!found.ok) return found
      const byId = new Map<string, Backup>(found.value.map(backup => [backup.id, backup]))
      const missing = refs.find(ref => !byId.has(ref))
      if (missing !== undefined) return refuse('not_found', `there is no backup ${missing}`, { field: missing })
      return ok(refs.flatMap(ref => byId.get(ref) ?? []))
    },
    async list(scope, volume, page) {
      const after = page.after === null ? undefined : gt(s.backup.id, page.after as Id<'backup'>)
      const of = volume === null ? undefined : eq(s.backup.volume, volume as Id<'volume'>)
      const found = await load(and(within(scope), of, after, visible()), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, b => b.id)) : found
    },
    onHost: (host, ids) => load(and(eq(s.backup.host, host), among(s.backup.id, ids)), null),
    async ofVolume(volume) {
      const found = await load(and(eq(s.backup.volume, volume), isNull(s.backup.goneAt)), limits.backupsOfVolume)
      const turn = ({ turn }: Backup) => turn ?? Number.POSITIVE_INFINITY
      return found.ok ? ok(found.value.toSorted((a, b) => turn(a) - turn(b))) : found
    },
    async isReadBy(backup, hosts) {
      const rows = await database.read(() =>
        db.all<{ read: number }>(sql`SELECT
          EXISTS (SELECT 1 FROM backup b JOIN backup taken ON taken.volume = b.volume
            WHERE b.id = ${backup} AND ${among(sql`taken.host`, hosts)}) OR
          EXISTS (SELECT 1 FROM volume v JOIN allocation a ON a.consumer = v.id AND a.until IS NULL
            WHERE v.${sql.identifier('sourceBackup')} = ${backup} AND ${among(sql`a.host`, hosts)}) AS read`),
      )
      return rows.ok ? ok(rows.value[0]?.read === 1) : rows
    },
    unswept: (before, limit) =>
      database.read(() =>
        db
          .select({ id: s.backup.id, volume: s.backup.volume })
          .from(s.backup)
          .where(
            and(isNull(s.backup.sweptAt), ne(s.backup.made, 'ready'), isNotNull(s.backup.endedAt), lt(s.backup.endedAt, before)),
          )
          .orderBy(asc(s.backup.endedAt))
          .limit(limit),
      ),
  }
}
