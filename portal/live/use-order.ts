import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { Collection } from './collection.ts'

/** Between two re-orderings of a live table: more often costs a third of the main thread and makes rows jump under the eye. */
const pace = 1_000

export interface Order {
  readonly ids: readonly string[]
  /** Rows whose place would change; more than 0 only while the order is held. */
  readonly behind: number
  update(): void
}

/**
 * The ids of a live collection, filtered and sorted: at once when the person asks (another filter, another sort), at most once
 * a second when rows change by themselves, and held still while the pointer is in `holder`, or focus in a table of it, so that nothing
 * moves from under a click. Rows themselves stay fresh meanwhile.
 */
export function useOrder<T extends { readonly id: string }>(
  collection: Collection<T>,
  keep: (row: T) => boolean,
  compare: (a: T, b: T) => number,
  holder: HTMLElement | null,
): Order {
  const subscribe = useCallback((call: () => void) => paced(collection, call), [collection])
  const version = useSyncExternalStore(subscribe, () => pacedVersion(collection))
  const [held, setHeld] = useState(false)
  const shown = useRef<{ ids: readonly string[]; of: unknown }>({ ids: [], of: null })

  useEffect(() => {
    if (!holder) return
    let inside = false
    let focused = false
    const set = (): void => setHeld(inside || focused)
    const on = (name: string, change: (event: Event) => void): (() => void) => {
      const call = (event: Event): void => {
        change(event)
        set()
      }
      holder.addEventListener(name, call)
      return () => holder.removeEventListener(name, call)
    }
    const off = [
      on('pointerenter', () => (inside = true)),
      on('pointerleave', () => (inside = false)),
      on('focusin', ({ target }) => (focused = target instanceof Element && target.closest('table') !== null)),
      on('focusout', () => (focused = false)),
    ]
    return () => {
      for (const each of off) each()
    }
  }, [holder])

  // An empty table waits for nothing.
  const stamp = shown.current.ids.length === 0 ? collection.version() : version
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says that the rows behind the collection changed
  const fresh = useMemo(
    () =>
      collection
        .rows()
        .filter(keep)
        .sort(compare)
        .map(row => row.id),
    [collection, keep, compare, stamp],
  )
  const question = useMemo(() => ({ keep, compare }), [keep, compare])
  const [, redraw] = useState(0)
  const asked = shown.current.of !== question
  // An empty table has nothing to hold still.
  if (!held || asked || shown.current.ids.length === 0) shown.current = { ids: fresh, of: question }
  const ids = shown.current.ids
  return {
    ids,
    behind: ids === fresh ? 0 : differences(ids, fresh),
    update() {
      shown.current = { ids: fresh, of: question }
      redraw(n => n + 1)
    },
  }
}

/** Ids that are at another place, new or gone. */
export function differences(shown: readonly string[], fresh: readonly string[]): number {
  const now = new Set(fresh)
  const before = new Set(shown)
  const left = shown.filter(id => now.has(id))
  const right = fresh.filter(id => before.has(id))
  const moved = left.filter((id, i) => right[i] !== id).length
  return moved + (shown.length - left.length) + (fresh.length - right.length)
}

const seen = new WeakMap<object, number>()
const pacedVersion = (collection: object): number => seen.get(collection) ?? 0

/** Calls at the first change, then at most once per `pace`. */
function paced<T>(collection: Collection<T>, call: () => void): () => void {
  let waiting: ReturnType<typeof setTimeout> | null = null
  let last = -pace
  const run = (): void => {
    waiting = null
    last = performance.now()
    seen.set(collection, collection.version())
    call()
  }
  seen.set(collection, collection.version())
  const off = collection.onRows(() => {
    waiting ??= setTimeout(run, Math.max(0, last + pace - performance.now()))
  })
  return () => {
    off()
    if (waiting) clearTimeout(waiting)
  }
}
