import type { MachineState } from '@sirocco/shared/model/machines/states.ts'
import { type Machine, stateOfMachine } from '../../../domain/machines/machine.ts'

/** InstanceState codes: the low byte of the 16-bit value that the API reference documents. */
export const instanceStates = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const
export type InstanceState = keyof typeof instanceStates

const states = {
  creating: 'pending',
  starting: 'pending',
  running: 'running',
  paused: 'running',
  stopping: 'stopping',
  stopped: 'stopped',
  suspended: 'stopped',
  failed: 'stopped',
  deleting: 'shutting-down',
  gone: 'terminated',
} as const satisfies Record<Exclude<MachineState, 'unknown'>, InstanceState>

/** A machine that failed before it ever ran is terminated, as EC2's own are: waiters end on it. A silent observer's: as last known. */
export function instanceStateOf(machine: Machine): InstanceState {
  const state = stateOfMachine({ ...machine, observerAlive: true })
  if (state === 'failed' && machine.ranAt === null) return 'terminated'
  return state === 'unknown' ? 'running' : states[state]
}

export const renderState = (machine: Machine) => {
  const name = instanceStateOf(machine)
  return { code: instanceStates[name], name }
}

/** Why it is as it is: StateReason's codes (API reference). */
export function stateReasonOf(machine: Machine): { code: string; message: string } | null {
  const state = instanceStateOf(machine)
  const reason = (code: string, message: string) => ({ code, message: `${code}: ${message}` })
  if (machine.failure)
    return reason(
      machine.failure.code === 'capacity' ? 'Server.InsufficientInstanceCapacity' : 'Server.InternalError',
      machine.failure.message,
    )
  if (state === 'pending') return { code: 'pending', message: 'pending' }
  if (state === 'running') return null
  if (machine.power === 'suspended') return reason('Client.UserInitiatedHibernate', 'User initiated hibernate')
  const byGuest = machine.observed?.cause === 'guest' && (state === 'stopped' || machine.onGuestShutdown === 'terminate')
  return byGuest
    ? reason('Client.InstanceInitiatedShutdown', 'Instance initiated shutdown')
    : reason('Client.UserInitiatedShutdown', 'User initiated shutdown')
}

/** `User initiated (2026-11-22 13:46:15 GMT)`, where the state is a user's doing and its time is known. */
export function transitionReasonOf(machine: Machine): string {
  const reason = stateReasonOf(machine)
  if (reason === null || reason.code === 'pending') return ''
  if (reason.code !== 'Client.UserInitiatedShutdown') return reason.message
  const at = machine.goneAt ?? (instanceStateOf(machine) === 'stopped' ? machine.observed?.at : undefined)
  return at === undefined ? 'User initiated' : `User initiated (${gmt(at)} GMT)`
}

const gmt = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')
