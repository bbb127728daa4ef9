import fc from 'fast-check'
import { resolve } from '../conformance/native/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const number = (value: unknown, other: number): number => (typeof value === 'number' ? value : other)

/** What has broken parsers before: of databases, shells, markup, paths, numbers, prototypes and Unicode. */
const wicked = [
  '',
  ' ',
  '\0',
  '\r\n',
  "'; DROP TABLE machine; --",
  '%',
  '_',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '$(id)',
  '-rf',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '1e999',
  '-1',
  '٣',
  '\ud800',
  '\u202egnp.exe',
  'é'.repeat(70_000),
  'http://169.254.169.254/',
  '0.0.0.0/0',
  '::/0',
] as const

/** Strings that nobody meant. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...wicked),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
)

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  fc.constantFrom(null, true, false, 0, -0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308),
  fc.jsonValue({ maxDepth: 3 }),
)

/**
 * JSON that a schema of the OpenAPI document nearly permits: each part is mostly as it says, sometimes what nobody meant, and properties are left out
 * or put in. `texts` are values known to mean something, such as ids of what is there.
 */
export function nearValid(document: Schema, schema: unknown, texts: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: valid(document, schema, texts) }, { weight: 1, arbitrary: hostile })
}

function valid(document: Schema, schema: unknown, texts: readonly string[]): fc.Arbitrary<unknown> {
  if (!isObject(schema)) return hostile
  const part = (of: unknown) => nearValid(document, of, texts)
  if (schema.$ref !== undefined) return valid(document, resolve(document, schema.$ref), texts)
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...list(schema.enum))
  const choices = list(schema.anyOf ?? schema.oneOf)
  if (choices.length > 0) return fc.oneof(...choices.map(part))
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return object(schema, part)
    case 'array':
      return fc.array(part(schema.items), { maxLength: Math.min(5, number(schema.maxItems, 5)) })
    case 'integer':
      return fc.integer({
        min: Math.max(number(schema.minimum, -1_000), -(2 ** 31)),
        max: Math.min(number(schema.maximum, 100_000), 2 ** 31 - 1),
      })
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.oneof(
        fc.constantFrom('web', 'a@example.org', '10.1.0.0/16', '2030-01-01T00:00:00Z', ...texts),
        typeof schema.pattern === 'string' ? fc.stringMatching(new RegExp(schema.pattern, 'u')) : fc.string(),
      )
  }
}

function object(schema: Schema, part: (of: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = new Set(list(schema.required))
  const entries = Object.entries(properties).map(([name, of]) => {
    const kept = required.has(name) ? 20 : 1
    return fc.oneof(
      { weight: kept, arbitrary: part(of).map(value => [name, value]) },
      { weight: 1, arbitrary: fc.constant(null) },
    )
  })
  const extra = isObject(schema.additionalProperties)
    ? fc.array(fc.tuple(hostileText, part(schema.additionalProperties)), { maxLength: 3 })
    : fc.oneof(
        { weight: 15, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(fc.tuple(hostileText, hostile), { maxLength: 2 }) },
      )
  return fc
    .tuple(fc.tuple(...entries), extra)
    .map(([own, more]) => Object.fromEntries([...own.filter(entry => entry !== null), ...more]))
}
