import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, count, eq, gte, inArray, isNull, or, sql } from 'drizzle-orm'
import type { Migration } from '../../../domain/migrations/migration.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { together } from './together.ts'

type Row = typeof s.migration.$inferSelect
const migrationOf = ({ secret: _, ...row }: Row): Migration => ({ ...row, generation: 0 })

export function migrationReads(database: Database): Store['migrations'] {
  const { db } = database
  const live = isNull(s.migration.endedAt)
  const onHost = together(async (hosts: readonly Id<'host'>[]) => {
    const rows = await database.read(() =>
      db
        .select()
        .from(s.migration)
        .where(and(live, or(inArray(s.migration.source, [...hosts]), inArray(s.migration.target, [...hosts])))),
    )
    if (!rows.ok) return rows
    return ok((host: Id<'host'>): readonly Migration[] =>
      rows.value.filter(({ source, target }) => source === host || target === host).map(migrationOf),
    )
  })
  return {
    async find(ids) {
      const rows = await database.read(() =>
        db
          .select()
          .from(s.migration)
          .where(inArray(s.migration.id, ids as Id<'migration'>[])),
      )
      if (!rows.ok) return rows
      const byId = new Map<string, Row>(rows.value.map(row => [row.id, row]))
      const found: Migration[] = []
      for (const id of ids) {
        const row = byId.get(id)
        if (!row) return refuse('not_found', `there is no migration ${id}`, { field: id })
        found.push(migrationOf(row))
      }
      return ok(found)
    },
    async ofMachines(machines): Promise<Result<readonly Migration[]>> {
      const rows = await database.read(() =>
        db
          .select()
          .from(s.migration)
          .where(and(live, inArray(s.migration.machine, machines as Id<'machine'>[]))),
      )
      return rows.ok ? ok(rows.value.map(migrationOf)) : rows
    },
    async luggage(machines) {
      const rows = await database.read(() =>
        db
          .select({
            machine: s.attachment.machine,
            volume: s.volume.id,
            alias: s.volume.alias,
            name: s.volume.name,
            sizeMiB: s.volume.sizeMiB,
            generation: s.volume.generation,
            readOnly: s.attachment.readOnly,
            applied: s.volumeObserved.appliedGeneration,
            fault: s.volumeObserved.fault,
            sourceKind: s.volume.sourceKind,
            seenIn: s.volumeObserved.machine,
            snapshots: sql<number>`(SELECT count(*) FROM snapshot p WHERE p.volume = ${s.volume.id} AND p.${sql.identifier('goneAt')} IS NULL)`,
          })
          .from(s.attachment)
          .innerJoin(s.volume, eq(s.volume.id, s.attachment.volume))
          .leftJoin(s.volumeObserved, eq(s.volumeObserved.volume, s.volume.id))
          .where(inArray(s.attachment.machine, machines as Id<'machine'>[])),
      )
      return rows.ok
        ? ok(
            rows.value.map(({ applied, fault, seenIn, sourceKind, ...row }) => ({
              ...row,
              found: sourceKind === 'found',
              settled: applied !== null && applied >= row.generation && fault === null && seenIn === row.machine,
            })),
          )
        : rows
    },
    async failures(machines, since) {
      const rows = await database.read(() =>
        db
          .select({ machine: s.migration.machine, n: count() })
          .from(s.migration)
          .where(
            and(
              inArray(s.migration.machine, machines as Id<'machine'>[]),
              eq(s.migration.phase, 'failed'),
              gte(s.migration.createdAt, since),
            ),
          )
          .groupBy(s.migration.machine),
      )
      return rows.ok ? ok(new Map(rows.value.map(({ machine, n }) => [machine, n]))) : rows
    },
    onHost,
  }
}
