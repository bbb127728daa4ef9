/** Rows that change by themselves: each row has its own subscribers, the set of rows has others. */
export interface Collection<T> {
  row(id: string): T | undefined
  /** The same array until a row is added, removed or replaced. */
  rows(): readonly T[]
  /** Rises with every change. */
  version(): number
  put(rows: readonly T[]): void
  remove(ids: readonly string[]): void
  /** Everything is this. */
  replace(rows: readonly T[]): void
  onRow(id: string, call: () => void): () => void
  onRows(call: () => void): () => void
}

/** A row store of one live collection. A changed row wakes its own cell at once; whoever orders the whole set paces itself. */
export function liveCollection<T extends { readonly id: string }>(): Collection<T> {
  const rows = new Map<string, T>()
  const ofRow = new Map<string, Set<() => void>>()
  const ofRows = new Set<() => void>()
  let list: readonly T[] | null = null
  let version = 0

  const changed = (ids: Iterable<string>): void => {
    list = null
    version += 1
    for (const id of ids) for (const call of ofRow.get(id) ?? []) call()
    for (const call of ofRows) call()
  }

  return {
    row: id => rows.get(id),
    rows: () => (list ??= [...rows.values()]),
    version: () => version,
    put(fresh) {
      for (const row of fresh) rows.set(row.id, row)
      if (fresh.length > 0) changed(fresh.map(row => row.id))
    },
    remove(ids) {
      const had = ids.filter(id => rows.delete(id))
      if (had.length > 0) changed(had)
    },
    replace(fresh) {
      const touched = new Set([...rows.keys(), ...fresh.map(row => row.id)])
      rows.clear()
      for (const row of fresh) rows.set(row.id, row)
      changed(touched)
    },
    onRow(id, call) {
      const calls = ofRow.get(id) ?? new Set()
      ofRow.set(id, calls.add(call))
      return () => {
        calls.delete(call)
        if (calls.size === 0) ofRow.delete(id)
      }
    },
    onRows(call) {
      ofRows.add(call)
      return () => ofRows.delete(call)
    },
  }
}
