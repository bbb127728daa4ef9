import { Problem } from '@sirocco/shared/api/problem.ts'
import { second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Endpoint } from './place.ts'

const deadline = 30 * second
/** Pages of one list; a list that has more is not read whole. */
const pagesMax = 1_000

/** Asks the native API; what it answers is parsed. */
export async function ask<T>({ url, token }: Endpoint, path: string, shape: z.ZodType<T>): Promise<Result<T>> {
  let answer: Response
  let body: unknown
  try {
    answer = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${token.reveal()}`, accept: 'application/json' },
      signal: AbortSignal.timeout(deadline),
      redirect: 'error',
    })
    body = await answer.json()
  } catch (error) {
    return refuse('unavailable', `${new URL(url).origin} does not answer as a control plane does: ${reason(error)}`)
  }
  if (!answer.ok) {
    const problem = Problem.safeParse(body)
    const { code, detail } = problem.success ? problem.data : { code: 'internal' as const, detail: `status ${answer.status}` }
    return refuse(code, `the control plane refuses ${path}: ${detail}`)
  }
  const parsed = shape.safeParse(body)
  return parsed.success
    ? ok(parsed.data)
    : refuse(
        'internal',
        `the control plane answers ${path} in a form that this version does not know: ${z.prettifyError(parsed.error)}`,
      )
}

/** All pages of a list. */
export async function askAll<T>(
  endpoint: Endpoint,
  path: string,
  page: z.ZodType<{ items: T[]; next: string | null }>,
): Promise<Result<T[]>> {
  const items: T[] = []
  let cursor = ''
  for (let pages = 0; pages < pagesMax; pages++) {
    const answer = await ask(endpoint, `${path}?limit=1000${cursor}`, page)
    if (!answer.ok) return answer
    items.push(...answer.value.items)
    if (answer.value.next === null) return ok(items)
    cursor = `&cursor=${encodeURIComponent(answer.value.next)}`
  }
  return refuse('unavailable', `${path} has no end`)
}

/** `fetch failed` says nothing; its cause does. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || String(Reflect.get(error.cause, 'code')) : error.message
}
