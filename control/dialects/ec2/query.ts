import { Refusal } from './refusal.ts'

/** Parameters as the Query protocol nests them: `Filter.1.Value.2=x` is `{Filter: [{Value: ['x']}]}`. */
export type Parameters = string | readonly Parameters[] | { readonly [name: string]: Parameters }
export type Pair = readonly [name: string, value: string]

export const queryLimits = {
  /** Parameters of one request: a thousand instances and the filters beside them. */
  count: 4_000,
  /** Names between the dots. */
  depth: 8,
  /** Characters of a whole name. */
  name: 255,
} as const

const malformed = (why: string) => new Refusal('MalformedQueryString', why)

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformed('The query string has a % that is not followed by the hexadecimal digits of UTF-8.')
  }
}

/** The pairs of `application/x-www-form-urlencoded` text, in order. */
export function pairsOf(text: string): readonly Pair[] {
  const parts = text.split('&', queryLimits.count + 1).filter(part => part !== '')
  if (parts.length > queryLimits.count) throw malformed(`The request has more than ${queryLimits.count} parameters.`)
  return parts.map(part => {
    const at = part.indexOf('=')
    return at < 0 ? [decoded(part), ''] : [decoded(part.slice(0, at)), decoded(part.slice(at + 1))]
  })
}

type Branch = Map<string, Branch | string>

const part = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]{1,5})$/

/** Nests the pairs by the dots of their names. A name that comes twice is refused: two readers could choose differently. */
export function nested(pairs: readonly Pair[]): { readonly [name: string]: Parameters } {
  const root: Branch = new Map()
  for (const [name, value] of pairs) {
    if (name.length > queryLimits.name) throw malformed(`A parameter's name is longer than ${queryLimits.name} characters.`)
    const path = name.split('.')
    if (path.length > queryLimits.depth || !path.every(step => part.test(step)))
      throw malformed(`${name} is no parameter's name.`)
    place(root, path, name, value)
  }
  return Object.fromEntries([...root].map(([name, value]) => [name, resolved(value, name)]))
}

function place(root: Branch, path: readonly string[], name: string, value: string): void {
  let branch = root
  for (const step of path.slice(0, -1)) {
    const next = branch.get(step) ?? new Map()
    if (typeof next === 'string') throw malformed(`${name} is given beside a value of the same name.`)
    branch.set(step, next)
    branch = next
  }
  const last = path.at(-1) ?? ''
  if (branch.has(last)) throw malformed(`${name} is given more than once.`)
  branch.set(last, value)
}

/** Numbered from 1 as EC2 says, or from 0 as libcloud does: either way in the order of the numbers. */
function resolved(value: Branch | string, name: string): Parameters {
  if (typeof value === 'string') return value
  const entries = [...value]
  const numbered = entries.filter(([step]) => /^[0-9]/.test(step))
  if (numbered.length === 0) return Object.fromEntries(entries.map(([step, child]) => [step, resolved(child, `${name}.${step}`)]))
  if (numbered.length < entries.length) throw malformed(`${name} is given both as a list and as a structure.`)
  return numbered.sort(([a], [b]) => Number(a) - Number(b)).map(([step, child]) => resolved(child, `${name}.${step}`))
}
