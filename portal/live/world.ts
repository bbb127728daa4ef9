import { useSyncExternalStore } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Machine } from '../api/types.ts'
import { liveCollection } from './collection.ts'
import { type Freshness, type Socket, startFeed } from './feed.ts'
import { refresher } from './refresh.ts'

/** Machines that one tab holds. */
export const mostMachines = 10_000

export const machines = liveCollection<Machine>()

export interface Loaded {
  readonly state: 'loading' | 'ready' | 'failed'
  readonly problem: unknown
  /** More exist than this tab holds. */
  readonly more: boolean
}

export interface Connection {
  readonly freshness: Freshness
  /** Since when it is not live; ms since the epoch. */
  readonly since: number
}

/** One value that pages subscribe to. */
function cell<T>(first: T) {
  let value = first
  const calls = new Set<() => void>()
  return {
    get: (): T => value,
    set(next: T): void {
      value = next
      for (const call of calls) call()
    },
    on(call: () => void): () => void {
      calls.add(call)
      return () => calls.delete(call)
    },
  }
}

const loaded = cell<Loaded>({ state: 'loading', problem: null, more: false })
const connection = cell<Connection>({ freshness: 'connecting', since: Date.now() })
export const useLoaded = (): Loaded => useSyncExternalStore(loaded.on, loaded.get)
export const useConnection = (): Connection => useSyncExternalStore(connection.on, connection.get)

/** The newest first read wins: a slow list must not put back what a quick one removed. */
let reading = 0

/** Reads the whole list again. What went wrong is shown where there is no list yet, and thrown. */
export async function loadMachines(): Promise<void> {
  const mine = ++reading
  try {
    const { items, more } = await calls.machines(mostMachines)
    if (mine !== reading) return
    machines.replace(items)
    loaded.set({ state: 'ready', problem: null, more })
  } catch (problem) {
    if (mine === reading && loaded.get().state !== 'ready') loaded.set({ state: 'failed', problem, more: false })
    throw problem
  }
}

/** The same for a page, which shows what went wrong by itself. */
export const showMachines = (): void => void loadMachines().catch(() => {})

/** Reads some machines again; what is no longer there leaves the collection. */
async function readMachines(ids: readonly string[]): Promise<void> {
  const { items } = await calls.machinesOf(ids)
  const there = new Set(items.map(machine => machine.id))
  machines.put(items)
  machines.remove(ids.filter(id => !there.has(id)))
}

/** Long enough to gather a burst, short enough to be felt as at once. */
const tick = 60

/** Starts to follow the project's feed; returns what ends it. For the signed-in part of the portal. */
export function follow(): () => void {
  const refresh = refresher({
    tick: call => void setTimeout(call, tick),
    later: (ms, call) => void setTimeout(call, ms),
    machines: readMachines,
    allMachines: loadMachines,
    others(subjects) {
      for (const subject of subjects) void queryClient.invalidateQueries({ queryKey: ['of', subject] })
      if (subjects.some(id => id.startsWith('hst_') || id.startsWith('agt_') || id.startsWith('vm_')))
        void queryClient.invalidateQueries(queries.hosts)
      if (subjects.some(id => id.startsWith('kpr_'))) void queryClient.invalidateQueries(queries.keyPairs)
      if (subjects.some(id => id.startsWith('pgr_') || id.startsWith('vm_')))
        void queryClient.invalidateQueries(queries.placementGroups)
      if (subjects.some(id => id.startsWith('net_'))) void queryClient.invalidateQueries(queries.networks)
      if (subjects.some(id => id.startsWith('sg_') || id.startsWith('vm_')))
        void queryClient.invalidateQueries(queries.securityGroups)
      if (subjects.some(id => id.startsWith('vol_') || id.startsWith('snp_'))) {
        void queryClient.invalidateQueries(queries.volumes)
        void queryClient.invalidateQueries(queries.snapshots)
      }
      if (subjects.some(id => id.startsWith('spl_'))) void queryClient.invalidateQueries(queries.pools)
      if (subjects.some(id => id.startsWith('bak_'))) void queryClient.invalidateQueries(queries.backups)
      if (subjects.some(id => id.startsWith('img_'))) void queryClient.invalidateQueries(queries.images)
    },
    everything: () => void queryClient.invalidateQueries({ predicate: query => query.queryKey[0] !== 'me' }),
  })
  const feed = startFeed(
    {
      open(after) {
        const url = new URL('/api/v1/feed', location.href)
        url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
        if (after !== null) url.searchParams.set('after', String(after))
        return socketOf(new WebSocket(url))
      },
      later(ms, call) {
        const timer = setTimeout(call, ms)
        return () => clearTimeout(timer)
      },
      random: Math.random,
    },
    {
      events: refresh.events,
      stale: refresh.stale,
      freshness(freshness) {
        if (freshness !== connection.get().freshness) connection.set({ freshness, since: Date.now() })
        // It may have been closed because the session ended: asking who we are finds out.
        if (freshness === 'reconnecting') void queryClient.invalidateQueries(queries.me)
      },
    },
  )
  const retry = (): void => {
    if (document.visibilityState === 'visible') feed.retry()
  }
  window.addEventListener('online', retry)
  document.addEventListener('visibilitychange', retry)
  return () => {
    feed.stop()
    window.removeEventListener('online', retry)
    document.removeEventListener('visibilitychange', retry)
  }
}

/** A connection that dies without a word is noticed after this much silence, in ms; `ping` is answered with `pong`. */
const pingEvery = 15_000
const silence = 40_000

function socketOf(socket: WebSocket): Socket {
  const port: Socket = { onopen: null, onmessage: null, onclose: null, close: () => socket.close() }
  let heard = performance.now()
  let over = false
  const end = (): void => {
    if (over) return
    over = true
    clearInterval(timer)
    port.onclose?.()
  }
  const timer = setInterval(() => {
    if (performance.now() - heard > silence) {
      // The closing handshake of a dead connection may take minutes: it is over now.
      socket.close()
      end()
    } else if (socket.readyState === WebSocket.OPEN) socket.send('ping')
  }, pingEvery)
  socket.onopen = () => port.onopen?.()
  socket.onmessage = message => {
    heard = performance.now()
    port.onmessage?.(message)
  }
  socket.onclose = end
  return port
}
