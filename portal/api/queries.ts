import { QueryCache, QueryClient, queryOptions } from '@tanstack/react-query'
import { calls } from './calls.ts'
import { Problem } from './problem.ts'

const ended = new Set<() => void>()

/** Calls when the session turns out to have ended. */
export function onSessionEnd(call: () => void): () => void {
  ended.add(call)
  return () => ended.delete(call)
}

/** Tries of a read that found nobody; what was refused is not asked again. */
const tries = 2

/** Request and response. What changes by itself is kept fresh by the feed (`live/`), never by polling or by focus. */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(problem) {
      if (problem instanceof Problem && problem.code === 'unauthenticated') for (const call of ended) call()
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (count, error) =>
        error instanceof Problem && (error.code === 'offline' || error.code === 'unavailable') && count < tries,
    },
  },
})

export const queries = {
  me: queryOptions({ queryKey: ['me'], queryFn: calls.me, retry: false }),
  passkeys: queryOptions({ queryKey: ['passkeys'], queryFn: calls.passkeys, staleTime: 0 }),
  secondFactor: queryOptions({ queryKey: ['second-factor'], queryFn: calls.secondFactor, staleTime: 0 }),
  images: queryOptions({ queryKey: ['images'], queryFn: calls.images }),
  imageCatalogue: queryOptions({ queryKey: ['image-catalogue'], queryFn: calls.imageCatalogue }),
  flavors: queryOptions({ queryKey: ['flavors'], queryFn: calls.flavors }),
  keyPairs: queryOptions({ queryKey: ['key-pairs'], queryFn: calls.keyPairs }),
  pools: queryOptions({ queryKey: ['pools'], queryFn: calls.pools }),
  securityGroups: queryOptions({ queryKey: ['security-groups'], queryFn: calls.securityGroups }),
  networks: queryOptions({ queryKey: ['networks'], queryFn: calls.networks }),
  regions: queryOptions({ queryKey: ['regions'], queryFn: calls.regions }),
  placementGroups: queryOptions({ queryKey: ['placement-groups'], queryFn: calls.placementGroups }),
  projects: queryOptions({ queryKey: ['projects'], queryFn: calls.projects }),
  // No feed tells of these: they are read anew whenever their page is opened.
  members: queryOptions({ queryKey: ['members'], queryFn: calls.members, staleTime: 0 }),
  invitations: queryOptions({ queryKey: ['invitations'], queryFn: calls.invitations, staleTime: 0 }),
  spending: (month: string, period: { from: string; to?: string }) =>
    queryOptions({ queryKey: ['spending', month], queryFn: () => calls.spending(period), staleTime: 0 }),
  prices: queryOptions({ queryKey: ['prices'], queryFn: calls.prices, staleTime: 0 }),
  quota: (project: string) => queryOptions({ queryKey: ['quota', project], queryFn: () => calls.quota(project), staleTime: 0 }),
  accessKeys: queryOptions({ queryKey: ['access-keys'], queryFn: calls.accessKeys, staleTime: 0 }),
  signIns: queryOptions({ queryKey: ['sign-ins'], queryFn: calls.signIns, staleTime: 0 }),
  volumes: queryOptions({ queryKey: ['volumes'], queryFn: calls.volumes }),
  snapshots: queryOptions({ queryKey: ['snapshots'], queryFn: calls.snapshots }),
  backups: queryOptions({ queryKey: ['backups'], queryFn: calls.backups }),
  hosts: queryOptions({ queryKey: ['hosts'], queryFn: calls.hosts }),
  /** `seen`: what is known of them without asking; none: nothing is asked. */
  orphans: (host: string, seen: string) =>
    queryOptions({ queryKey: ['orphans', host, seen], queryFn: () => calls.orphans(host), enabled: seen !== '' }),
  operations: (machine: string) =>
    queryOptions({ queryKey: ['of', machine, 'operations'], queryFn: () => calls.operations(machine) }),
  events: (machine: string) => queryOptions({ queryKey: ['of', machine, 'events'], queryFn: () => calls.events(machine) }),
  consoleLog: (machine: string) =>
    queryOptions({ queryKey: ['console-log', machine], queryFn: () => calls.consoleLog(machine), staleTime: 0 }),
}
