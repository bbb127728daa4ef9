import type { Difference, Expected, Found, Kind } from './item.ts'

const keyOf = ({ kind, id }: { readonly kind: Kind; readonly id: string }) => `${kind} ${id}`

/** What should be there against what is there; only of the kinds that were looked for. Pure. */
export function compare(kinds: ReadonlySet<Kind>, expected: readonly Expected[], found: readonly Found[]): Difference[] {
  const byKey = Map.groupBy(found, keyOf)
  const looked = expected.filter(({ kind }) => kinds.has(kind))
  const wanted = new Set(looked.map(keyOf))
  return [
    ...looked.flatMap(one => differencesOf(one, byKey.get(keyOf(one)) ?? [])),
    ...found
      .filter(one => !one.spare && !wanted.has(keyOf(one)))
      .map(
        ({ kind, id, where }): Difference => ({ kind, id, what: 'leaked', detail: `${where} belongs to nothing that is wanted` }),
      ),
  ]
}

function differencesOf({ kind, id, facts, optional }: Expected, there: readonly Found[]): Difference[] {
  const [one, ...more] = there
  if (!one) return optional ? [] : [{ kind, id, what: 'lost', detail: wish(facts) }]
  if (more.length > 0) return [{ kind, id, what: 'doubled', detail: there.map(({ where }) => where).join(' and ') }]
  const unlike = Object.entries(facts).filter(([name, value]) => one.facts[name] !== value)
  if (unlike.length === 0) return []
  const detail = unlike.map(([name, value]) => `${name} is ${one.facts[name] ?? 'not to be read'}, wanted ${value}`).join('; ')
  return [{ kind, id, what: 'differs', detail: `${one.where}: ${detail}` }]
}

const wish = (facts: Expected['facts']): string => {
  const words = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
  return words.length === 0 ? 'is not there' : `is not there (wanted: ${words.join(', ')})`
}

/** What both looks at a host saw: the rest was under way. */
export const lasting = (earlier: readonly Difference[], later: readonly Difference[]): Difference[] => {
  const before = new Set(earlier.map(one => `${one.what} ${keyOf(one)}`))
  return later.filter(one => before.has(`${one.what} ${keyOf(one)}`))
}
