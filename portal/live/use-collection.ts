import { useCallback, useSyncExternalStore } from 'react'
import type { Collection } from './collection.ts'

/** One row, fresh at once; undefined while it is not known. */
export function useRow<T>(collection: Collection<T>, id: string): T | undefined {
  return useSyncExternalStore(
    useCallback(call => collection.onRow(id, call), [collection, id]),
    useCallback(() => collection.row(id), [collection, id]),
  )
}

/** All rows, fresh at once. */
export function useRows<T>(collection: Collection<T>): readonly T[] {
  return useSyncExternalStore(
    useCallback(call => collection.onRows(call), [collection]),
    useCallback(() => collection.rows(), [collection]),
  )
}
