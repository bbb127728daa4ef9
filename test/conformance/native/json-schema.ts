import { assert } from '@sirocco/shared/kit/assert.ts'

type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Words of JSON Schema (2020-12) that say nothing about what is valid here. */
const silent = new Set(['$schema', '$id', 'description', 'title', 'default', 'format', 'id', 'contentEncoding'])

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: value => typeof value === 'string',
  number: value => typeof value === 'number',
  integer: value => Number.isInteger(value),
  boolean: value => typeof value === 'boolean',
  null: value => value === null,
  array: Array.isArray,
  object: isObject,
}

/** What `value` has that the schema does not permit, as paths with reasons. A word it does not know throws: nothing passes unread. */
export function violations(document: Schema, schema: unknown, value: unknown, path = ''): string[] {
  assert(isObject(schema), `a schema at ${path}`)
  const found: string[] = []
  const check = (holds: boolean, reason: string) => {
    if (!holds) found.push(`${path || '/'}: ${reason}`)
  }
  for (const [word, of] of Object.entries(schema)) {
    if (silent.has(word)) continue
    const rule = words[word]
    assert(rule, `the schema word ${word} is not known to this validator`)
    rule({ document, schema, of, value, path, check, add: more => found.push(...more) })
  }
  return found
}

interface Look {
  readonly document: Schema
  readonly schema: Schema
  readonly of: unknown
  readonly value: unknown
  readonly path: string
  check(holds: boolean, reason: string): void
  add(more: readonly string[]): void
}

const number = (of: unknown): number => {
  assert(typeof of === 'number', 'a number')
  return of
}
const list = (of: unknown): readonly unknown[] => {
  assert(Array.isArray(of), 'a list')
  return of
}

const words: Readonly<Record<string, (look: Look) => void>> = {
  $ref: ({ document, of, value, path, add }) => add(violations(document, resolve(document, of), value, path)),
  type: ({ of, value, check }) => {
    const wanted = Array.isArray(of) ? of : [of]
    check(
      wanted.some(type => types[String(type)]?.(value)),
      `is not of type ${wanted.join(' or ')}: ${JSON.stringify(value)?.slice(0, 80)}`,
    )
  },
  enum: ({ of, value, check }) => check(list(of).includes(value), `is none of ${list(of).join(', ')}: ${String(value)}`),
  const: ({ of, value, check }) => check(of === value, `is not ${String(of)}`),
  anyOf: ({ document, of, value, path, check }) => {
    const tries = list(of).map(one => violations(document, one, value, path))
    check(
      tries.some(t => t.length === 0),
      `fits no alternative (${tries.map(t => t[0]).join(' | ')})`,
    )
  },
  oneOf: ({ document, of, value, path, check }) =>
    check(
      list(of).filter(one => violations(document, one, value, path).length === 0).length === 1,
      'does not fit exactly one alternative',
    ),
  properties: ({ document, of, value, path, add }) => {
    if (!isObject(value) || !isObject(of)) return
    for (const [name, schema] of Object.entries(of))
      if (name in value) add(violations(document, schema, value[name], `${path}/${name}`))
  },
  required: ({ of, value, check }) => {
    if (isObject(value)) for (const name of list(of)) check(String(name) in value, `lacks ${String(name)}`)
  },
  additionalProperties: ({ document, schema, of, value, path, check, add }) => {
    if (!isObject(value)) return
    const known = isObject(schema.properties) ? schema.properties : {}
    for (const [name, one] of Object.entries(value)) {
      if (name in known) continue
      if (of === false) check(false, `has ${name}, which is not in the schema`)
      else if (isObject(of)) add(violations(document, of, one, `${path}/${name}`))
    }
  },
  propertyNames: ({ document, of, value, path, add }) => {
    if (isObject(value)) for (const name of Object.keys(value)) add(violations(document, of, name, `${path}/${name}`))
  },
  items: ({ document, of, value, path, add }) => {
    if (Array.isArray(value)) for (const [i, one] of value.entries()) add(violations(document, of, one, `${path}/${i}`))
  },
  minItems: ({ of, value, check }) => check(!Array.isArray(value) || value.length >= number(of), 'has too few items'),
  maxItems: ({ of, value, check }) => check(!Array.isArray(value) || value.length <= number(of), 'has too many items'),
  minLength: ({ of, value, check }) => check(typeof value !== 'string' || value.length >= number(of), 'is too short'),
  maxLength: ({ of, value, check }) => check(typeof value !== 'string' || value.length <= number(of), 'is too long'),
  pattern: ({ of, value, check }) =>
    check(typeof value !== 'string' || new RegExp(String(of), 'u').test(value), `does not match ${String(of)}`),
  minimum: ({ of, value, check }) => check(typeof value !== 'number' || value >= number(of), 'is too small'),
  maximum: ({ of, value, check }) => check(typeof value !== 'number' || value <= number(of), 'is too large'),
  exclusiveMinimum: ({ of, value, check }) => check(typeof value !== 'number' || value > number(of), 'is too small'),
}

/** What a `$ref` of the document points to. */
export function resolve(document: Schema, ref: unknown): unknown {
  assert(typeof ref === 'string' && ref.startsWith('#/'), `a reference inside the document, not ${String(ref)}`)
  let at: unknown = document
  for (const part of ref.slice(2).split('/')) {
    assert(isObject(at) && part in at, `${ref} points to nothing`)
    at = at[part]
  }
  return at
}
