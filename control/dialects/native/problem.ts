import type { Problem } from '@sirocco/shared/api/problem.ts'
import { problems, problemType } from '@sirocco/shared/api/problems.ts'
import type { Fault, FaultCode } from '@sirocco/shared/kit/fault.ts'
import { keyOf } from './render/reason.ts'

/** Headers that a refusal needs beside its body. Seconds: what a client should at least wait. */
const extra: Partial<Record<FaultCode, Readonly<Record<string, string>>>> = {
  unauthenticated: { 'www-authenticate': 'Bearer realm="sirocco"' },
  throttled: { 'retry-after': '1' },
  unavailable: { 'retry-after': '1' },
}

/** A refusal as RFC 9457 has it; `detail` of the Fault is the operator's and stays here. */
function problemOf(fault: Fault, requestId: string): Problem {
  const { code, message, field } = fault
  const { status, title } = problems[code]
  return {
    type: problemType(code),
    title,
    status,
    detail: message,
    code,
    ...keyOf(fault),
    ...(field === undefined ? {} : { field }),
    instance: requestId,
  }
}

export function problemResponse(fault: Fault, requestId: string): Response {
  const problem = problemOf(fault, requestId)
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...extra[fault.code],
      ...(fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }),
    },
  })
}
