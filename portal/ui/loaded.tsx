import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Trouble, Waiting } from './trouble.tsx'

/** What a query answered; until then that it is waited for, or what went wrong and the way to try again. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.error) return <Trouble problem={query.error} again={() => void query.refetch()} />
  return query.data ? children(query.data) : <Waiting />
}
