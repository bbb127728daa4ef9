import type { AuditLine, AuditSeal } from '@sirocco/shared/api/audit.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { read } from '../verb.ts'

/** A page of the audit in its order, with the seals in their places; `next` null at its end. */
export const readAudit = read('audit.read', {
  input: z.strictObject({ after: z.int().nonnegative() }),
  async run({ store }, { after }) {
    const [lines, seals] = await Promise.all([
      store.audit.lines(after, limits.reconcilePage),
      store.audit.seals(after, limits.reconcilePage + 1),
    ])
    if (!lines.ok) return lines
    if (!seals.ok) return seals
    const sealed = new Map(seals.value.map(seal => [seal.seal, seal]))
    const page: (AuditLine | AuditSeal)[] = lines.value.flatMap(line => {
      const seal = sealed.get(line.seq)
      return seal ? [line, seal] : [line]
    })
    return ok({ page, next: lines.value.length < limits.reconcilePage ? null : (lines.value.at(-1)?.seq ?? null) })
  },
})

/** The seal that an export goes on from. */
export const findSeal = read('audit.read', {
  input: z.strictObject({ seq: z.int().positive() }),
  async run({ store }, { seq }) {
    const found = await store.audit.seals(seq, 1)
    if (!found.ok) return found
    const [seal] = found.value
    return seal?.seal === seq ? ok(seal) : refuse('invalid', 'after: the seq of a seal', { field: 'after' })
  },
})
