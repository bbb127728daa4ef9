import { ok } from '@sirocco/shared/kit/fault.ts'
import { asc, gt, gte, sql } from 'drizzle-orm'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'

export function auditReads(database: Database): Store['audit'] {
  const { db } = database
  return {
    async lines(after, limit) {
      const rows = await database.read(() =>
        db.select().from(s.audit).where(gt(s.audit.seq, after)).orderBy(asc(s.audit.seq)).limit(limit),
      )
      return rows.ok ? ok(rows.value.map(row => ({ ...row, subjects: [...row.subjects] }))) : rows
    },
    seals: (from, limit) =>
      database.read(() =>
        db
          .select({ seal: s.auditSeal.seq, hash: s.auditSeal.hash })
          .from(s.auditSeal)
          .where(gte(s.auditSeal.seq, from))
          .orderBy(asc(s.auditSeal.seq))
          .limit(limit),
      ),
    async lastSeal() {
      const rows = await database.read(() =>
        db
          .select({ seal: s.auditSeal.seq, hash: s.auditSeal.hash })
          .from(s.auditSeal)
          .where(sql`${s.auditSeal.seq} = (SELECT max(seq) FROM audit_seal)`),
      )
      return rows.ok ? ok(rows.value[0] ?? null) : rows
    },
  }
}
