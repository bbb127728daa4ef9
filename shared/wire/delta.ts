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

const keyOf = ({ kind, id }: Keyed) => `${kind}/${id}`

/** A set of objects with the digest of each: what either side holds, and what it last told the other. */
export class ObjectSet<T extends Keyed> {
  readonly #objects = new Map<string, { readonly object: T; readonly digest: string }>()

  static of<T extends Keyed>(objects: Iterable<T>): ObjectSet<T> {
    const set = new ObjectSet<T>()
    for (const object of objects) set.put(object)
    return set
  }
  put(object: T): void {
    this.#objects.set(keyOf(object), { object, digest: digest(object) })
  }
  drop(key: Keyed): void {
    this.#objects.delete(keyOf(key))
  }
  get(kind: string, id: string): T | undefined {
    return this.#objects.get(`${kind}/${id}`)?.object
  }
  values(): T[] {
    return [...this.#objects.values()].map(o => o.object)
  }
  get digest(): string {
    return digestOf([...this.#objects].map(([key, o]) => [key, o.digest] as const))
  }

  /** What turns `before` into this; null where nothing differs. Without `before`: everything. */
  since(before: ObjectSet<T> | null): Delta<T> | null {
    if (!before) return { base: null, digest: this.digest, changed: this.values(), gone: [] }
    const changed: T[] = []
    for (const [key, { object, digest: now }] of this.#objects) if (before.#objects.get(key)?.digest !== now) changed.push(object)
    const gone = [...before.#objects]
      .filter(([key]) => !this.#objects.has(key))
      .map(
        ([
          ,
          {
            object: { kind, id },
          },
        ]) => ({ kind, id }),
      )
    if (changed.length === 0 && gone.length === 0) return null
    return { base: before.digest, digest: this.digest, changed, gone }
  }

  /** This set after `delta`; null where its base is not this set, or the result is not what its digest says: resync. */
  apply(delta: Delta<T>): ObjectSet<T> | null {
    if (delta.base !== null && delta.base !== this.digest) return null
    const after = delta.base === null ? new ObjectSet<T>() : ObjectSet.of(this.values())
    for (const object of delta.changed) after.put(object)
    for (const key of delta.gone) after.drop(key as Keyed)
    return after.digest === delta.digest ? after : null
  }
}

/**
 * A delta as several of at most `limits.frameObjects` objects, each on top of the one before. Only where everything is sent
 * does the first carry `base: null`.
 */
export function split<T extends Keyed>(delta: Delta<T>, base: ObjectSet<T> | null): Delta<T>[] {
  if (delta.changed.length + delta.gone.length <= limits.frameObjects) return [delta]
  const parts: Delta<T>[] = []
  let at = delta.base === null || base === null ? new ObjectSet<T>() : ObjectSet.of(base.values())
  for (let i = 0; i < delta.changed.length || i < delta.gone.length; i += limits.frameObjects) {
    const changed = delta.changed.slice(i, i + limits.frameObjects)
    const gone = delta.gone.slice(i, i + limits.frameObjects)
    const from = i === 0 ? delta.base : at.digest
    const next = ObjectSet.of(at.values())
    for (const object of changed) next.put(object)
    for (const key of gone) next.drop(key)
    parts.push({ base: from, digest: next.digest, changed, gone })
    at = next
  }
  return parts
}
