import type { FoundMachine } from '../../ports/compute.ts'
import type { DomainState } from './rpc/procedures.ts'

type Seen = Pick<FoundMachine, 'power' | 'cause'>
/** A domain's state, and whether its memory is kept on disk (libvirt's managed save). */
export type Standing = DomainState & { readonly saved: boolean }

/** virDomainState. A guest suspended to memory (7) can be woken: it is paused. */
const powers: Readonly<Record<number, FoundMachine['power']>> = {
  0: 'running',
  1: 'running',
  2: 'running',
  3: 'paused',
  4: 'stopping',
  5: 'stopped',
  6: 'crashed',
  7: 'paused',
}

/**
 * virDomainShutoffReason. libvirt remembers it only as long as it runs: after its restart every domain that is off says 0. A guest's
 * own shutdown and one it was asked for look the same (1).
 */
const causes: Readonly<Record<number, FoundMachine['cause']>> = { 1: 'guest', 2: 'asked', 3: 'crash' }

/** Pauses that a start ends: unknown, by a user, by an input/output error. All others end by themselves. */
const resumable: ReadonlySet<number> = new Set([0, 1, 5])

const off = { paused: 3, shutOff: 5, crashed: 6 } as const

/** What libvirt's state and reason mean. */
export function seenOf({ state, reason, saved }: Standing): Seen {
  if (state === off.shutOff && saved) return { power: 'suspended', cause: 'asked' }
  if (state === off.crashed) return { power: 'crashed', cause: 'crash' }
  if (state !== off.shutOff) return { power: powers[state] ?? 'running', cause: 'unknown' }
  const cause = causes[reason] ?? 'unknown'
  return { power: cause === 'crash' ? 'crashed' : 'stopped', cause }
}

export const isOff = ({ state }: DomainState): boolean => state === off.shutOff || state === off.crashed
export const isPaused = ({ state }: DomainState): boolean => state === off.paused
export const canResume = ({ state, reason }: DomainState): boolean => state === off.paused && resumable.has(reason)
