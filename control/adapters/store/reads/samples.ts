import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { Reading, type Sample } from '@sirocco/shared/wire/samples.ts'
import { and, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'

/** Rows that any span within the retention has at most, a few hosts one after the other included. */
const rowsMax = 2 * Math.ceil(limits.sampleRetention / limits.sampleWindow)

const Row = z.object({ at: z.int(), reading: z.string().nullable() })

/** As text out of the packed row: a machine's few numbers, not its whole host's. */
const sampleOf = (row: unknown): Sample[] => {
  const { at, reading } = Row.parse(row)
  return reading === null ? [] : [{ at, reading: Reading.parse(JSON.parse(reading)) }]
}

export function sampleReads(database: Database): Store['samples'] {
  const { db } = database
  const within = (from: number, to: number) => and(gte(s.sampleHistory.at, from), lt(s.sampleHistory.at, to))
  return {
    async ofHost(host, from, to) {
      const rows = await database.read(() =>
        db
          .select({ at: s.sampleHistory.at, reading: sql<string | null>`json_extract(${s.sampleHistory.data}, '$.reading')` })
          .from(s.sampleHistory)
          .where(and(eq(s.sampleHistory.host, host), within(from, to)))
          .limit(rowsMax),
      )
      return rows.ok ? ok(rows.value.flatMap(sampleOf)) : rows
    },
    async ofMachine(machine, from, to) {
      const hosts = db.select({ host: s.allocation.host }).from(s.allocation)
      const live = hosts.where(and(eq(s.allocation.consumer, machine), sql`${s.allocation.until} IS NULL`))
      const ended = db
        .select({ host: s.allocation.host })
        .from(s.allocation)
        .where(and(eq(s.allocation.consumer, machine), sql`${s.allocation.until} IS NOT NULL`))
      const path = `$.machines."${machine}"`
      const select = (of: typeof live | typeof ended) =>
        db
          .select({ at: s.sampleHistory.at, reading: sql<string | null>`json_extract(${s.sampleHistory.data}, ${path})` })
          .from(s.sampleHistory)
          .where(and(inArray(s.sampleHistory.host, of), within(from, to)))
          .limit(rowsMax)
      const rows = await database.read(() => db.batch([select(live), select(ended)]))
      return rows.ok ? ok(rows.value.flat().flatMap(sampleOf)) : rows
    },
  }
}
