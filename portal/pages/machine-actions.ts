import type { MachineState, MachineVerb } from '@sirocco/shared/model/machines/states.ts'
import { type Reason, verdictOf } from '@sirocco/shared/model/machines/transitions.ts'

/** Why a button rests: a refusal of the shared table, nothing left to do, or the reader's role. */
export type RestReason =
  | Reason
  | 'already_on'
  | 'already_off'
  | 'already_paused'
  | 'already_suspended'
  | 'already_deleting'
  | 'is_protected'
  | 'role'
export type Rests = Readonly<Record<MachineVerb, RestReason | null>>

/** Where the table says `done`, asking would be answered with success and change nothing: the button says so instead. */
const already: Record<MachineVerb, Partial<Record<MachineState, RestReason>>> = {
  start: { creating: 'is_creating', starting: 'is_starting', running: 'already_on' },
  stop: { stopping: 'is_stopping', stopped: 'already_off', failed: 'already_off' },
  reboot: {},
  pause: { paused: 'already_paused' },
  suspend: { suspended: 'already_suspended' },
  resume: { starting: 'is_starting', running: 'already_on' },
  delete: { deleting: 'already_deleting', gone: 'is_gone' },
}

/** For each verb null, or why it cannot be asked now: by the same table as the server decides. */
export const restsOf = (state: MachineState, role: string): Rests => ({
  start: restOf('start', state, role),
  stop: restOf('stop', state, role),
  reboot: restOf('reboot', state, role),
  pause: restOf('pause', state, role),
  suspend: restOf('suspend', state, role),
  resume: restOf('resume', state, role),
  delete: restOf('delete', state, role),
})

function restOf(verb: MachineVerb, state: MachineState, role: string): RestReason | null {
  if (role === 'viewer') return 'role'
  const verdict = verdictOf(verb, state)
  if (verdict === 'accept' || verdict === 'supersede') return null
  return verdict === 'done' ? (already[verb][state] ?? null) : verdict
}
