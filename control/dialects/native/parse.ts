import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'

/** `value` as `schema` has it, or the first thing that is wrong with it, with its field. */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): Result<z.output<S>> {
  const outcome = schema.safeParse(value)
  if (outcome.success) return ok(outcome.data)
  const { path, message } = deepest(outcome.error.issues[0])
  const field = path.join('.')
  return refuse('invalid', field === '' ? message : `${field}: ${message}`, field === '' ? {} : { field })
}

/** Of a union, what is wrong with the alternative that comes closest. */
function deepest(issue: z.core.$ZodIssue | undefined): { path: PropertyKey[]; message: string } {
  if (!issue) return { path: [], message: 'not valid' }
  if (issue.code === 'unrecognized_keys')
    return { path: [...issue.path, ...issue.keys.slice(0, 1)], message: 'there is no such field' }
  if (issue.code !== 'invalid_union') return { path: issue.path, message: issue.message }
  const closest = [...issue.errors].sort((a, b) => a.length - b.length)[0]?.[0]
  const { path, message } = deepest(closest)
  return { path: [...issue.path, ...path], message }
}

/** The query string as an object: a name given once is text, and a list where the schema has one. */
export function queryOf(url: URL, schema: z.ZodObject): Result<Record<string, string | string[]>> {
  const query: Record<string, string | string[]> = {}
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name)
    const [first = ''] = values
    if (isList(schema.shape[name])) query[name] = values
    else if (values.length > 1) return refuse('invalid', `${name}: may be given once`, { field: name })
    else query[name] = first
  }
  return ok(query)
}

function isList(schema: unknown): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return isList(schema.unwrap())
  return schema instanceof z.ZodArray
}

/** The JSON of a request; `{}` where there is no body. At most `limits.requestBytes`, whatever its headers promise. */
export async function jsonOf(request: Request): Promise<Result<unknown>> {
  const text = await textOf(request)
  if (!text.ok) return text
  if (text.value === '') return ok({})
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? ''))
    return refuse('invalid', 'the body must be JSON: send Content-Type: application/json')
  try {
    return ok(JSON.parse(text.value))
  } catch {
    return refuse('invalid', 'the body is not JSON')
  }
}

async function textOf(request: Request): Promise<Result<string>> {
  if (!request.body) return ok('')
  const tooLong = refuse('invalid', `a request may have ${limits.requestBytes} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > limits.requestBytes) return tooLong
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let text = ''
  let bytes = 0
  try {
    for await (const chunk of request.body) {
      bytes += chunk.byteLength
      if (bytes > limits.requestBytes) return tooLong
      text += decoder.decode(chunk, { stream: true })
    }
    return ok(text + decoder.decode())
  } catch {
    return refuse('invalid', 'the body is not UTF-8, or ended early')
  }
}
