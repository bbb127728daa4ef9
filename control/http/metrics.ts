import { hex } from '@sirocco/shared/kit/random.ts'
import { principalOf } from '../dialects/native/credentials.ts'
import type { NativeParts } from '../dialects/native/parts.ts'
import { problemResponse } from '../dialects/native/problem.ts'
import { exposition, expositionType } from '../domain/metrics/exposition.ts'
import { readMetrics } from '../services/metrics/read.ts'

/** `/metrics`, for whoever may read them: Prometheus sends an access key as `Authorization: Bearer <id>.<secret>`. */
export async function metrics(request: Request, parts: NativeParts): Promise<Response> {
  const requestId = `req_${hex(parts.ports.random, 24)}`
  if (request.method !== 'GET') return new Response(null, { status: 405, headers: { allow: 'GET' } })
  const principal = await principalOf(request, parts)
  if (!principal.ok) return problemResponse(principal.fault, requestId)
  const families = await readMetrics.call({ ports: parts.ports, principal: principal.value }, {})
  if (!families.ok) return problemResponse(families.fault, requestId)
  return new Response(exposition(families.value), { headers: { 'content-type': expositionType, 'cache-control': 'no-store' } })
}
