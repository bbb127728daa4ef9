import { rights } from '@sirocco/control/domain/access/rights.ts'
import { problems } from '@sirocco/shared/api/problems.ts'
import { commonFaults, type Route } from '@sirocco/shared/api/route.ts'
import { type RouteName, routes } from '@sirocco/shared/api/routes.ts'
import { describe, expect, test } from 'vitest'
import { resolve, violations } from './json-schema.ts'
import { at, document } from './native-world.ts'

const all = Object.entries<Route>(routes) as [RouteName, Route][]
const operationOf = ({ path, method }: Route) => at(document, 'paths', path.replaceAll(/:(\w+)/g, '{$1}'), method.toLowerCase())

/** Every value under a key anywhere in the document. */
function* under(key: string, value: unknown): Generator<unknown> {
  if (Array.isArray(value)) for (const one of value) yield* under(key, one)
  else if (typeof value === 'object' && value !== null)
    for (const [name, one] of Object.entries(value)) {
      if (name === key) yield one
      yield* under(key, one)
    }
}

describe('the OpenAPI document', () => {
  test('is of version 3.1 and plain JSON', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/)
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })

  test('points nowhere but into itself', () => {
    const refs = [...under('$ref', document)]
    expect(refs.length).toBeGreaterThan(all.length)
    for (const ref of refs) expect(resolve(document, ref)).toBeTypeOf('object')
  })

  test('has schemas that a validator can read', () => {
    for (const schema of under('schema', document)) expect(() => violations(document, schema, null)).not.toThrow()
  })

  test('names each operation once', () => {
    const ids = [...under('operationId', document)]
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(ids)).toEqual(new Set(all.map(([name]) => name)))
  })
})

describe.each(all)('%s', (_, route) => {
  test('asks for rights that exist', () => {
    for (const verb of route.verbs) expect(Object.keys(rights)).toContain(verb)
  })
  test('tells every parameter of its path', () => {
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    expect(Object.keys(route.params?.shape ?? {})).toEqual(inPath)
  })
  test('tells what it answers and how it refuses', () => {
    const responses = at(operationOf(route), 'responses')
    expect(at(responses, String(route.status))).toBeDefined()
    for (const code of [...commonFaults, ...route.faults]) expect(at(responses, String(problems[code].status))).toBeDefined()
  })
  test('has a body where it changes something, and none where it looks', () => {
    if (route.method === 'GET') expect(route.body).toBeUndefined()
    if (route.body) expect(at(operationOf(route), 'requestBody', 'content', 'application/json', 'schema')).toBeDefined()
  })
})
