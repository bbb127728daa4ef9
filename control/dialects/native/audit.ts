import type { AuditLine, AuditSeal } from '@sirocco/shared/api/audit.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { findSeal, readAudit } from '../../services/audit/read.ts'
import type { Call } from '../../services/verb.ts'

const ndjson = (lines: readonly (AuditLine | AuditSeal)[]): Uint8Array =>
  new TextEncoder().encode(lines.map(line => `${JSON.stringify(line)}\n`).join(''))

/** All of the audit as newline-delimited JSON, a page at a time; `after`, the seq of a seal, begins there, with that seal. */
export async function exportAudit(call: Call, after: string | undefined): Promise<Result<Response>> {
  const from = Number(after ?? 0)
  if (!Number.isSafeInteger(from) || from < 0) return refuse('invalid', 'after: the seq of a seal', { field: 'after' })
  const seal = from === 0 ? ok(null) : await findSeal.call(call, { seq: from })
  if (!seal.ok) return seal
  const first = await readAudit.call(call, { after: from })
  if (!first.ok) return first
  let page: typeof first.value | null = first.value
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (seal.value) controller.enqueue(ndjson([seal.value]))
    },
    async pull(controller) {
      if (!page) return controller.close()
      if (page.page.length > 0) controller.enqueue(ndjson(page.page))
      if (page.next === null) return controller.close()
      const next = await readAudit.call(call, { after: page.next })
      if (!next.ok) return controller.error(new Error(next.fault.message))
      page = next.value
    },
  })
  return ok(new Response(body, { headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' } }))
}
