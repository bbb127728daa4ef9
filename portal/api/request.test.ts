import { describe, expect, it } from 'vitest'
import { problemOf } from './problem.ts'
import { queryOf } from './request.ts'

describe('a problem', () => {
  it('is read with its field and its number', () => {
    const problem = problemOf(409, {
      type: 'https://sirocco.dev/problems/quota',
      title: 'Quota',
      status: 409,
      detail: 'the project may have 20 machines',
      field: 'count',
      instance: 'req_1',
    })
    expect(problem).toMatchObject({
      code: 'quota',
      status: 409,
      message: 'the project may have 20 machines',
      field: 'count',
      instance: 'req_1',
    })
  })
  it.each([
    [502, null, 'unavailable'],
    [502, '<html>', 'unavailable'],
    [401, {}, 'unauthenticated'],
    [404, [], 'not_found'],
    [500, { type: 'about:blank' }, 'unavailable'],
  ])('is made of a %i that carries %j, too', (status, body, code) => {
    expect(problemOf(status, body)).toMatchObject({ code, field: null })
  })
})

describe('a query', () => {
  it('leaves out what is not asked, repeats what is many, escapes all', () => {
    expect(queryOf({ cursor: null, limit: 10, name: 'a&b', state: ['running', 'stopped'], tag: undefined })).toBe(
      '?limit=10&name=a%26b&state=running&state=stopped',
    )
    expect(queryOf({})).toBe('')
    expect(queryOf(undefined)).toBe('')
  })
})
