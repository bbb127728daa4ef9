import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'

interface Open<K, V> {
  readonly keys: K[]
  readonly answer: Promise<Result<(key: K) => V>>
}

/** A read of one key that is asked for many at a time: those asked in one turn of the event loop go as one. */
export function together<K, V>(read: (keys: readonly K[]) => Promise<Result<(key: K) => V>>): (key: K) => Promise<Result<V>> {
  let open: Open<K, V> | null = null
  const begun = (): Open<K, V> => {
    const keys: K[] = []
    const begin = () => {
      if (open?.keys === keys) open = null
      return read(keys)
    }
    return { keys, answer: Promise.resolve().then(begin) }
  }
  return async key => {
    if (!open || open.keys.length >= limits.keysOfRead) open = begun()
    const { keys, answer } = open
    keys.push(key)
    const found = await answer
    return found.ok ? { ok: true, value: found.value(key) } : found
  }
}
