import type { Filter } from './parameters.ts'
import { Refusal } from './refusal.ts'

/** What a filter of this name looks at: an item's values; one that matches is enough. */
export type Looks<T> = Readonly<Record<string, (item: T) => readonly string[]>>

/** Of what has tags: `tag:KEY`, `tag-key`, `tag-value`. */
type Tagged = { readonly tags: Readonly<Record<string, string>> }
export const tagLooks = {
  'tag-key': item => Object.keys(item.tags),
  'tag-value': item => Object.values(item.tags),
} as const satisfies Looks<Tagged>

/**
 * Whether an item passes: every filter must match, one of its values is enough (EC2 API reference, "Filter"). Values are
 * case-sensitive, with `*` and `?` as wildcards and `\` before one that is meant.
 */
export function filterOf<T>(
  filters: readonly Filter[],
  looks: Looks<T>,
  tagsOf?: (item: T) => Tagged['tags'],
): (item: T) => boolean {
  const tests = filters.map(({ Name, Value }) => {
    const look = lookOf(Name, looks, tagsOf)
    return (item: T) => look(item).some(value => Value.some(pattern => matches(pattern, value)))
  })
  return item => tests.every(test => test(item))
}

function lookOf<T>(name: string, looks: Looks<T>, tagsOf?: (item: T) => Tagged['tags']): (item: T) => readonly string[] {
  if (tagsOf && name.startsWith('tag:')) {
    const key = name.slice('tag:'.length)
    return item => {
      const tags = tagsOf(item)
      return Object.hasOwn(tags, key) ? [tags[key] ?? ''] : []
    }
  }
  const look = Object.hasOwn(looks, name) ? looks[name] : undefined
  if (!look) throw new Refusal('InvalidParameterValue', `The filter '${name.slice(0, 64)}' is invalid`)
  return look
}

/** Linear in time for one `*` and never worse than the product of the lengths: a pattern comes from outside. */
export function matches(pattern: string, value: string): boolean {
  const steps = stepsOf(pattern)
  let p = 0
  let v = 0
  /** Where to go on after the last `*` took one character more. */
  let retry: { p: number; v: number } | null = null
  while (v < value.length) {
    const step = steps[p]
    if (step === anything) retry = { p: ++p, v }
    else if (step !== undefined && (step === anyOne || step === value[v])) {
      p++
      v++
    } else if (retry) {
      retry = { p: retry.p, v: retry.v + 1 }
      p = retry.p
      v = retry.v
    } else return false
  }
  return steps.slice(p).every(step => step === anything)
}

const anything = Symbol('*')
const anyOne = Symbol('?')

function stepsOf(pattern: string): readonly (string | symbol)[] {
  const steps: (string | symbol)[] = []
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i)
    if (character === '\\' && i + 1 < pattern.length) steps.push(pattern.charAt(++i))
    else steps.push(character === '*' ? anything : character === '?' ? anyOne : character)
  }
  return steps
}
