import { Problem } from '@sirocco/shared/api/problem.ts'
import { problems } from '@sirocco/shared/api/problems.ts'
import { faultCodes } from '@sirocco/shared/kit/fault.ts'
import { describe, expect, test } from 'vitest'
import { problemResponse } from './problem.ts'

describe('a refusal over HTTP', () => {
  test.each(faultCodes)('%s is a problem with its status, its type and the words for the person', async code => {
    const response = problemResponse({ code, message: 'do this instead', field: 'a.b', detail: 'SQLITE_BUSY' }, 'req_1')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = Problem.parse(await response.json())
    expect(problem).toMatchObject({ code, status: response.status, detail: 'do this instead', field: 'a.b', instance: 'req_1' })
    expect(problem.type).toBe(`https://sirocco.dev/problems/${code}`)
  })

  test.each(faultCodes)('%s says nothing that is the operator\u2019s', async code => {
    const body = await problemResponse({ code, message: 'm', detail: 'SQLITE_BUSY' }, 'req_1').text()
    expect(body).not.toContain('SQLITE_BUSY')
  })

  test('has the statuses that clients act on', () => {
    expect(Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status]))).toEqual({
      not_found: 404,
      already_exists: 409,
      invalid: 400,
      precondition: 409,
      conflict: 409,
      stale: 409,
      quota: 403,
      capacity: 503,
      unsupported: 422,
      unauthenticated: 401,
      forbidden: 403,
      throttled: 429,
      unavailable: 503,
      internal: 500,
    })
  })
})
