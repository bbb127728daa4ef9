import type { MachineChange, MachineState, MachineVerb } from './states.ts'

export type Reason =
  | 'is_creating'
  | 'is_starting'
  | 'is_stopping'
  | 'is_stopped'
  | 'is_paused'
  | 'is_suspended'
  | 'is_failed'
  | 'is_deleting'
  | 'is_gone'
  | 'not_stopped'
  | 'host_silent'
  | 'is_rescued'
  | 'not_rescued'
export type Verdict = 'accept' | 'supersede' | 'done' | Reason

/**
 * What each verb means in each state. The one table: services decide by it, dialects report by it, the portal greys by it.
 * - accept: a new intent, nothing is in its way
 * - supersede: a new intent that ends the operation under way at its next step
 * - done: already so; answers success and changes nothing
 * Start goes on with what is paused or suspended, as EC2's does with what is hibernated; stop drops a suspended machine's memory.
 * - any other word: refused, and why (a message key)
 */
export const transitions = {
  start: {
    creating: 'done',
    starting: 'done',
    running: 'done',
    paused: 'accept',
    stopping: 'supersede',
    stopped: 'accept',
    suspended: 'accept',
    failed: 'accept',
    deleting: 'is_deleting',
    gone: 'is_gone',
    unknown: 'host_silent',
  },
  stop: {
    creating: 'supersede',
    starting: 'supersede',
    running: 'accept',
    paused: 'accept',
    stopping: 'done',
    stopped: 'done',
    suspended: 'accept',
    failed: 'done',
    deleting: 'is_deleting',
    gone: 'is_gone',
    unknown: 'accept',
  },
  reboot: {
    creating: 'is_creating',
    starting: 'is_starting',
    running: 'accept',
    paused: 'is_paused',
    stopping: 'is_stopping',
    stopped: 'is_stopped',
    suspended: 'is_suspended',
    failed: 'is_failed',
    deleting: 'is_deleting',
    gone: 'is_gone',
    unknown: 'host_silent',
  },
  pause: {
    creating: 'is_creating',
    starting: 'is_starting',
    running: 'accept',
    paused: 'done',
    stopping: 'is_stopping',
    stopped: 'is_stopped',
    suspended: 'is_suspended',
    failed: 'is_failed',
    deleting: 'is_deleting',
    gone: 'is_gone',
    unknown: 'host_silent',
  },
  suspend: {
    creating: 'is_creating',
    starting: 'is_starting',
    running: 'accept',
    paused: 'accept',
    stopping: 'is_stopping',
    stopped: 'is_stopped',
    suspended: 'done',
    failed: 'is_failed',
    deleting: 'is_deleting',
    gone: 'is_gone',
    unknown: 'host_silent',
  },
  resume: {
    creating: 'is_creating',
    starting: 'done',
    running: 'done',
    paused: 'accept',
    stopping: 'is_stopping',
    stopped: 'is_stopped',
    suspended: 'accept',
    failed: 'is_failed',
    deleting: 'is_deleting',
    gone: 'is_gone',
    unknown: 'host_silent',
  },
  delete: {
    creating: 'supersede',
    starting: 'supersede',
    running: 'accept',
    paused: 'accept',
    stopping: 'supersede',
    stopped: 'accept',
    suspended: 'accept',
    failed: 'accept',
    deleting: 'done',
    gone: 'done',
    unknown: 'accept',
  },
} as const satisfies Record<MachineVerb, Record<MachineState, Verdict>>

const whileItExists = {
  creating: 'accept',
  starting: 'accept',
  running: 'accept',
  paused: 'accept',
  stopping: 'accept',
  stopped: 'accept',
  suspended: 'accept',
  failed: 'accept',
  deleting: 'is_deleting',
  gone: 'is_gone',
  unknown: 'accept',
} as const satisfies Record<MachineState, Verdict>

const whileItIsOff = {
  creating: 'is_creating',
  starting: 'not_stopped',
  running: 'not_stopped',
  paused: 'not_stopped',
  stopping: 'not_stopped',
  stopped: 'accept',
  suspended: 'not_stopped',
  failed: 'accept',
  deleting: 'is_deleting',
  gone: 'is_gone',
  unknown: 'host_silent',
} as const satisfies Record<MachineState, Verdict>

/** While its host can be asked, and its memory is not a disk's other half. */
const whileItHasDisks = {
  creating: 'is_creating',
  starting: 'accept',
  running: 'accept',
  paused: 'accept',
  stopping: 'is_stopping',
  stopped: 'accept',
  suspended: 'is_suspended',
  failed: 'accept',
  deleting: 'is_deleting',
  gone: 'is_gone',
  unknown: 'host_silent',
} as const satisfies Record<MachineState, Verdict>

/** While it can be brought to a stop that drops no memory which was to be kept. */
const whileItCanBeStopped = {
  creating: 'is_creating',
  starting: 'accept',
  running: 'accept',
  paused: 'accept',
  stopping: 'is_stopping',
  stopped: 'accept',
  suspended: 'is_suspended',
  failed: 'accept',
  deleting: 'is_deleting',
  gone: 'is_gone',
  unknown: 'host_silent',
} as const satisfies Record<MachineState, Verdict>

/** The same of changes that ask nothing of the power: accept, or why not. */
export const changeable = {
  rename: whileItExists,
  protect: whileItExists,
  resize: whileItIsOff,
  userData: whileItIsOff,
  snapshot: whileItHasDisks,
  revert: whileItIsOff,
  rescue: whileItCanBeStopped,
  unrescue: whileItCanBeStopped,
} as const satisfies Record<MachineChange, Record<MachineState, 'accept' | Reason>>

/** What waits until a machine has left rescue: all that would take its disk for what it runs from, or the rescue's disk for its own. */
const outsideRescue: ReadonlySet<MachineChange> = new Set(['resize', 'snapshot', 'revert', 'rescue'])

/** Why a change cannot be made now of a machine that is (or is not) in rescue; null: it can. */
export function changeRefusal(change: MachineChange, state: MachineState, rescued: boolean): Reason | null {
  if (rescued && outsideRescue.has(change)) return 'is_rescued'
  if (!rescued && change === 'unrescue') return 'not_rescued'
  const verdict = changeable[change][state]
  return verdict === 'accept' ? null : verdict
}

export const verdictOf = (verb: MachineVerb, state: MachineState): Verdict => transitions[verb][state]

/** May it be asked at all (accepted, or already so)? What the portal greys by. */
export function refusal(verb: MachineVerb, state: MachineState): Reason | null {
  const verdict = verdictOf(verb, state)
  return verdict === 'accept' || verdict === 'supersede' || verdict === 'done' ? null : verdict
}
