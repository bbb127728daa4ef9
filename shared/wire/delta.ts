import { digest, digestOf } from '../kit/canonical.ts'
import { limits } from '../model/limits.ts'

interface Keyed {
  readonly kind: string
  readonly id: string
}
export interface Delta<T extends Keyed> {
  readonly base: string | null
  readonly digest: string
  readonly changed: readonly T[]
  readonly gone: readonly { readonly kind: string; readonly id: string }[]
}

interface Entry<T> {
  readonly object: T
  readonly digest: string
}

/** A set of objects with the digest of each: what either side holds, and what it last told the other. */
export class ObjectSet<T extends Keyed> {
  /** By kind and id. */
  readonly #kinds = new Map<string, Map<string, Entry<T>>>()
  #digest: string | null = null

  static of<T extends Keyed>(objects: Iterable<T>): ObjectSet<T> {
    const set = new ObjectSet<T>()
    for (const object of objects) set.put(object)
    return set
  }
  /** Another set of the same objects: a change to either is none to the other. */
  copy(): ObjectSet<T> {
    const copy = new ObjectSet<T>()
    for (const [kind, entries] of this.#kinds) copy.#kinds.set(kind, new Map(entries))
    copy.#digest = this.#digest
    return copy
  }
  put(object: T): void {
    const entries = this.#kinds.get(object.kind) ?? new Map<string, Entry<T>>()
    this.#kinds.set(object.kind, entries.set(object.id, { object, digest: digestOnce(object) }))
    this.#digest = null
  }
  drop({ kind, id }: Keyed): void {
    this.#kinds.get(kind)?.delete(id)
    this.#digest = null
  }
  get<K extends T['kind']>(kind: K, id: string): Extract<T, { kind: K }> | undefined
  get(kind: string, id: string): T | undefined
  get(kind: string, id: string): T | undefined {
    return this.#kinds.get(kind)?.get(id)?.object
  }
  /** All of them, or those of a kind. */
  values(): T[]
  values<K extends T['kind']>(kind: K): Extract<T, { kind: K }>[]
  values(kind?: string): T[] {
    const found: T[] = []
    for (const entries of kind === undefined ? this.#kinds.values() : [this.#kinds.get(kind) ?? new Map<string, Entry<T>>()])
      for (const { object } of entries.values()) found.push(object)
    return found
  }
  get digest(): string {
    this.#digest ??= digestOf(
      [...this.#kinds].flatMap(([kind, entries]) => [...entries].map(([id, entry]) => [`${kind}/${id}`, entry.digest] as const)),
    )
    return this.#digest
  }

  /** What turns `before` into this; null where nothing differs. Without `before`: everything. */
  since(before: ObjectSet<T> | null): Delta<T> | null {
    if (!before) return { base: null, digest: this.digest, changed: this.values(), gone: [] }
    const changed: T[] = []
    for (const [kind, entries] of this.#kinds) {
      const former = before.#kinds.get(kind)
      for (const [id, { object, digest: now }] of entries) if (former?.get(id)?.digest !== now) changed.push(object)
    }
    const gone: { kind: string; id: string }[] = []
    for (const [kind, entries] of before.#kinds) {
      const now = this.#kinds.get(kind)
      for (const id of entries.keys()) if (!now?.has(id)) gone.push({ kind, id })
    }
    if (changed.length === 0 && gone.length === 0) return null
    return { base: before.digest, digest: this.digest, changed, gone }
  }

  /** This set after `delta`; null where its base is not this set, or the result is not what its digest says: resync. */
  apply(delta: Delta<T>): ObjectSet<T> | null {
    if (delta.base !== null && delta.base !== this.digest) return null
    const after = delta.base === null ? new ObjectSet<T>() : this.copy()
    for (const object of delta.changed) after.put(object)
    for (const key of delta.gone) after.drop(key)
    return after.digest === delta.digest ? after : null
  }
}

/** Objects are never changed once they are made; one may be in the sets of many hosts. */
const digests = new WeakMap<object, string>()
function digestOnce(object: object): string {
  const known = digests.get(object)
  if (known !== undefined) return known
  const made = digest(object)
  digests.set(object, made)
  return made
}

/**
 * A delta as several of at most `limits.frameObjects` objects, each on top of the one before. Only where everything is sent
 * does the first carry `base: null`.
 */
export function split<T extends Keyed>(delta: Delta<T>, base: ObjectSet<T> | null): Delta<T>[] {
  if (delta.changed.length + delta.gone.length <= limits.frameObjects) return [delta]
  const parts: Delta<T>[] = []
  let at = delta.base === null || base === null ? new ObjectSet<T>() : base.copy()
  for (let i = 0; i < delta.changed.length || i < delta.gone.length; i += limits.frameObjects) {
    const changed = delta.changed.slice(i, i + limits.frameObjects)
    const gone = delta.gone.slice(i, i + limits.frameObjects)
    const from = i === 0 ? delta.base : at.digest
    const next = at.copy()
    for (const object of changed) next.put(object)
    for (const key of gone) next.drop(key)
    parts.push({ base: from, digest: next.digest, changed, gone })
    at = next
  }
  return parts
}
