import type { MachineState, Power, SeenPower } from './states.ts'

/** The three facts, as far as the state depends on them. */
export interface MachineFacts {
  readonly desired: {
    readonly power: Power
    readonly generation: number
    /** Has it ever been seen running? */
    readonly ran: boolean
    /** When the last of it was removed; null while it exists. */
    readonly goneAt: number | null
    /** Given up: why it never ran, or crashed too often; null while it is being pursued. */
    readonly failed: boolean
  }
  readonly observed: {
    readonly power: SeenPower
    readonly appliedGeneration: number
    /** Why it is off; only a guest's own shutdown stays. */
    readonly cause: 'asked' | 'guest' | 'crash' | 'unknown' | null
  } | null
  /** Is whoever observes it heard from? False once it has been silent for longer than the limit. */
  readonly observerAlive: boolean
}

/** The one state that every dialect renders. Pure; order matters: what is final first. */
export function stateOf({ desired, observed, observerAlive }: MachineFacts): MachineState {
  if (desired.goneAt !== null) return 'gone'
  if (desired.failed) return 'failed'
  if (desired.power === 'gone') return 'deleting'
  if (!observerAlive) return 'unknown'
  if (desired.power === 'as-is') return foundStateOf(observed)
  const seen = observed?.power ?? 'absent'
  const applied = observed !== null && observed.appliedGeneration >= desired.generation
  if (desired.power === 'on') {
    if (seen === 'running') return 'running'
    if (seen === 'paused' || (seen === 'suspended' && applied)) return seen
    if (!desired.ran) return 'creating'
    // It ran, the intent was fulfilled, and it is off: the guest shut itself down.
    return applied && seen === 'stopped' && observed.cause === 'guest' ? 'stopped' : 'starting'
  }
  if (desired.power === 'paused' || desired.power === 'suspended') return stillStateOf(desired.power, seen, applied)
  if (seen === 'running' || seen === 'stopping' || seen === 'paused') return 'stopping'
  if (seen === 'suspended' && !applied) return 'stopping'
  if (!desired.ran && !applied) return 'stopping'
  return 'stopped'
}

/** Of a machine that was found, and of which nothing was asked since: what it was found as. */
function foundStateOf(observed: MachineFacts['observed']): MachineState {
  if (observed === null) return 'unknown'
  return observed.power === 'crashed' || observed.power === 'absent' ? 'stopped' : observed.power
}

/** Of a machine that is to stand still, in memory or on disk. One that went off instead stays off: there is no memory to go on from. */
function stillStateOf(wanted: 'paused' | 'suspended', seen: SeenPower, applied: boolean): MachineState {
  if (seen === 'paused' || seen === 'running') return wanted === 'suspended' && !applied ? 'stopping' : seen
  if (seen === 'stopping' || seen === 'suspended') return seen
  return 'stopped'
}
