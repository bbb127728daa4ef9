import { ok } from '@sirocco/shared/kit/fault.ts'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import { versionOfData } from '../version.ts'

const Open = z.object({ running: z.number(), parked: z.number(), undoing: z.number(), first: z.number().nullable() })
const Stuck = z.object({ stuck: z.number() })
const Zone = z.object({
  zone: z.string(),
  linked: z.number(),
  silent: z.number(),
  cpus: z.number(),
  memoryMiB: z.number(),
  diskMiB: z.number(),
  freeVcpus: z.number(),
  freeMemoryMiB: z.number(),
  freeDiskMiB: z.number(),
  orphans: z.number(),
})

/** Sums over what is open, and over hosts: what has ended, and machines, are never counted through. */
export function figureReads({ db, read }: Pick<Database, 'db' | 'read'>): Pick<Store, 'figures' | 'version'> {
  const open = sql`SELECT coalesce(sum(state = 'running'), 0) AS running, coalesce(sum(state = 'parked'), 0) AS parked,
      coalesce(sum(state = 'undoing'), 0) AS undoing, min(wakeAt) AS first
    FROM operation INDEXED BY operation_due WHERE wakeAt IS NOT NULL`
  const stuck = sql`SELECT count(*) AS stuck FROM operation WHERE state = 'stuck'`
  const sumOf = (of: string) =>
    sql`coalesce((SELECT sum(${sql.raw(of)}) FROM host JOIN agent ON agent.id = host.agent
      LEFT JOIN host_observed ON host_observed.host = host.id WHERE host.zone = zone.id AND host.removedAt IS NULL), 0)`
  const zones = sql`SELECT zone.name AS zone, ${sumOf('agent.silentSince IS NULL')} AS linked,
      ${sumOf('agent.silentSince IS NOT NULL')} AS silent, ${sumOf('cpus')} AS cpus, ${sumOf('memoryMiB')} AS memoryMiB,
      ${sumOf('diskMiB')} AS diskMiB, ${sumOf('freeVcpus')} AS freeVcpus, ${sumOf('freeMemoryMiB')} AS freeMemoryMiB,
      ${sumOf('freeDiskMiB')} AS freeDiskMiB,
      ${sumOf('(SELECT count(*) FROM orphan WHERE orphan.host = host.id)')} AS orphans
    FROM zone ORDER BY zone.id`
  return {
    async figures(now) {
      const rows = await read(() => Promise.all([db.all(open), db.all(stuck), db.all(zones)]))
      if (!rows.ok) return rows
      const { first, ...states } = Open.parse(rows.value[0][0])
      return ok({
        operations: { ...states, ...Stuck.parse(rows.value[1][0]) },
        overdueMs: first === null ? 0 : Math.max(0, now - first),
        zones: rows.value[2].map(row => Zone.parse(row)),
      })
    },
    async version() {
      const rows = await read(() => db.all(sql`SELECT CAST(value AS INTEGER) AS version FROM meta WHERE key = 'version'`))
      if (!rows.ok) return rows
      const found = z.object({ version: z.number() }).safeParse(rows.value[0])
      return ok({ data: found.data?.version ?? 0, code: versionOfData })
    },
  }
}
