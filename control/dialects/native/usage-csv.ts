import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { usageUnits } from '@sirocco/shared/model/usage.ts'
import { type ResourceUsage, showUsageOfResources } from '../../services/usage/show.ts'
import type { Call } from '../../services/verb.ts'

const head = ['project', 'from', 'to', 'resource', 'kind', 'what', 'amount', 'unit', 'cost_millionths', 'currency']

/** RFC 4180. What a spreadsheet would take for a formula is text. */
const cell = (value: string | number): string => {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
const line = (cells: readonly (string | number)[]): string => `${cells.map(cell).join(',')}\r\n`

const linesOf = ({ project, from, to, currency, items }: ResourceUsage): string =>
  items
    .map(({ resource, kind, what, amount, cost }) =>
      line([
        ...[project, new Date(from).toISOString(), new Date(to).toISOString()],
        ...[resource, kind, what, amount, usageUnits[kind], cost, currency],
      ]),
    )
    .join('')

type Asked = Parameters<typeof showUsageOfResources.call>[1]

/** What each resource of a project used, and what that costs, as a table: a page at a time, as fast as it is read. */
export async function exportUsage(call: Call, asked: Asked): Promise<Result<Response>> {
  const first = await showUsageOfResources.call(call, { ...asked, limit: limits.pageMax })
  if (!first.ok) return first
  let page: ResourceUsage | null = first.value
  // Whatever is used meanwhile: all pages are of one period.
  const { from, to } = first.value
  const bytes = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(bytes.encode(line(head))),
    async pull(controller) {
      if (!page) return controller.close()
      const { next } = page
      if (page.items.length > 0) controller.enqueue(bytes.encode(linesOf(page)))
      if (next === null) return controller.close()
      const more = await showUsageOfResources.call(call, { ...asked, from, to, after: next, limit: limits.pageMax })
      if (!more.ok) return controller.error(new Error(more.fault.message))
      page = more.value
    },
  })
  const headers = {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': 'attachment; filename="usage.csv"',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  return ok(new Response(body, { headers }))
}
