import type { Accepted, Machine as MachineJson } from '@sirocco/shared/api/machines.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { all, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { MachineVerb } from '@sirocco/shared/model/machines/states.ts'
import { type Machine, type MachineFilter, stateOfMachine } from '../../../domain/machines/machine.ts'
import { openConsole } from '../../../services/machines/console.ts'
import { consoleLog } from '../../../services/machines/console-log.ts'
import { deleteMachines } from '../../../services/machines/delete.ts'
import { findMachines } from '../../../services/machines/find.ts'
import { forgetMachine } from '../../../services/machines/forget.ts'
import { addGuestKey, guestFacts, setGuestPassword } from '../../../services/machines/guest.ts'
import { launchMachines } from '../../../services/machines/launch.ts'
import { listMachines } from '../../../services/machines/list.ts'
import { migrateMachine } from '../../../services/machines/migrate.ts'
import { pauseMachines } from '../../../services/machines/pause.ts'
import { protectMachine } from '../../../services/machines/protect.ts'
import { rebootMachines } from '../../../services/machines/reboot.ts'
import { rebuildMachine } from '../../../services/machines/rebuild.ts'
import { recoverMachines } from '../../../services/machines/recover.ts'
import { renameMachine } from '../../../services/machines/rename.ts'
import { rescueMachine } from '../../../services/machines/rescue.ts'
import { resizeMachine } from '../../../services/machines/resize.ts'
import { resumeMachines } from '../../../services/machines/resume.ts'
import { revertMachine } from '../../../services/machines/revert.ts'
import { openScreen, takeScreenshot } from '../../../services/machines/screen.ts'
import { setMachineGroups } from '../../../services/machines/set-groups.ts'
import { snapshotMachine } from '../../../services/machines/snapshot.ts'
import { startMachines } from '../../../services/machines/start.ts'
import { stopMachines } from '../../../services/machines/stop.ts'
import { suspendMachines } from '../../../services/machines/suspend.ts'
import { unrescueMachine } from '../../../services/machines/unrescue.ts'
import { changeUserData } from '../../../services/machines/user-data.ts'
import { findSnapshots } from '../../../services/snapshots/find.ts'
import type { Call } from '../../../services/verb.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { machineJson } from '../render/machine.ts'
import { time } from '../render/time.ts'
import { snapshotJson } from '../render/volume.ts'

type Query = Parameters<Handler<Routes['listMachines']>>[0]['query']

/** What the query asks for; undefined where that is all. */
function filterOf({ name, state, tag }: Query): MachineFilter | undefined {
  if (name === undefined && state === undefined && tag === undefined) return undefined
  const tags = tag?.map(text => {
    const at = text.indexOf('=')
    return at < 0 ? { key: text } : { key: text.slice(0, at), value: text.slice(at + 1) }
  })
  return { name, states: state, tags }
}

/** Does a machine pass every part of the filter? */
function passes({ name, states, tags = [] }: MachineFilter, machine: Machine): boolean {
  return (
    (name === undefined || machine.name.toLowerCase().includes(name.toLowerCase())) &&
    (states === undefined || states.includes(stateOfMachine(machine))) &&
    tags.every(({ key, value }) => Object.hasOwn(machine.tags, key) && (value === undefined || machine.tags[key] === value))
  )
}

export const list: Handler<Routes['listMachines']> = async ({ query }, { call, admin }) => {
  const filter = filterOf(query)
  const keeps = filter && ((machine: Machine) => passes(filter, machine))
  if (query.id !== undefined) {
    const found = await present(call, query.id)
    if (!found.ok) return found
    return ok({
      body: { items: found.value.filter(keeps ?? (() => true)).map(machine => machineJson(machine, admin)), next: null },
    })
  }
  const page = await listed(
    query,
    page => listMachines.call(call, { ...page, filter }),
    machine => machineJson(machine, admin),
    keeps ? { keeps, keyOf: machine => machine.id } : undefined,
  )
  return page.ok ? ok({ body: page.value }) : page
}

/** Those of `ids` that are there, in their order: one read where all are, else one for each. */
async function present(call: Call, ids: readonly string[]): Promise<Result<readonly Machine[]>> {
  const distinct = [...new Set(ids)]
  const together = await findMachines.call(call, { machines: distinct })
  if (together.ok || together.fault.code !== 'not_found') return together
  const apart = await Promise.all(distinct.map(id => findMachines.call(call, { machines: [id] })))
  const found = all(apart.map(one => (one.ok || one.fault.code !== 'not_found' ? one : ok([]))))
  return found.ok ? ok(found.value.flat()) : found
}

export const launch: Handler<Routes['launchMachines']> = async ({ body: { count, ...wanted } }, { call, admin }) => {
  const launched = await launchMachines.call(call, { ...wanted, minCount: count, maxCount: count })
  if (!launched.ok) return launched
  const machines = await findMachines.call(call, { machines: [...launched.value.machines] })
  if (!machines.ok) return machines
  const [first] = machines.value
  return ok({
    body: { reservation: launched.value.reservation, machines: machines.value.map(machine => machineJson(machine, admin)) },
    headers: first ? { location: `/api/v1/machines/${first.id}` } : {},
  })
}

async function one({ call }: Here, id: string): Promise<Result<Machine>> {
  const found = await findMachines.call(call, { machines: [id] })
  if (!found.ok) return found
  const [machine] = found.value
  if (!machine) throw new Error('impossible: found, and not there')
  return ok(machine)
}

export const get: Handler<Routes['getMachine']> = async ({ params }, here) => {
  const machine = await one(here, params.id)
  return machine.ok ? ok({ body: machineJson(machine.value, here.admin) }) : machine
}

const verbs = {
  start: startMachines,
  stop: stopMachines,
  reboot: rebootMachines,
  pause: pauseMachines,
  suspend: suspendMachines,
  resume: resumeMachines,
  delete: deleteMachines,
} satisfies Record<MachineVerb, unknown>

async function intend(verb: MachineVerb, here: Here, id: string, force = false): Promise<Result<Reply<Accepted>>> {
  const asked =
    verb === 'stop'
      ? await stopMachines.call(here.call, { machines: [id], force })
      : await verbs[verb].call(here.call, { machines: [id] })
  if (!asked.ok) return asked
  const machine = await one(here, id)
  return machine.ok
    ? ok({ body: { machine: machineJson(machine.value, here.admin), operations: [...asked.value.operations] } })
    : machine
}

export const start: Handler<Routes['startMachine']> = ({ params }, here) => intend('start', here, params.id)
export const stop: Handler<Routes['stopMachine']> = ({ params, body }, here) => intend('stop', here, params.id, body.force)
export const reboot: Handler<Routes['rebootMachine']> = ({ params }, here) => intend('reboot', here, params.id)
export const pause: Handler<Routes['pauseMachine']> = ({ params }, here) => intend('pause', here, params.id)
export const suspend: Handler<Routes['suspendMachine']> = ({ params }, here) => intend('suspend', here, params.id)
export const resume: Handler<Routes['resumeMachine']> = ({ params }, here) => intend('resume', here, params.id)
export const remove: Handler<Routes['deleteMachine']> = ({ params }, here) => intend('delete', here, params.id)

/** The machine as a change has left it. */
async function changed(here: Here, asked: Result<{ readonly machine: string }>): Promise<Result<Reply<MachineJson>>> {
  if (!asked.ok) return asked
  const machine = await one(here, asked.value.machine)
  return machine.ok ? ok({ body: machineJson(machine.value, here.admin) }) : machine
}

export const rename: Handler<Routes['renameMachine']> = async ({ params, body }, here) =>
  changed(here, await renameMachine.call(here.call, { machine: params.id, ...body }))
export const protect: Handler<Routes['protectMachine']> = async ({ params, body }, here) =>
  changed(here, await protectMachine.call(here.call, { machine: params.id, ...body }))
export const setGroups: Handler<Routes['setMachineGroups']> = async ({ params, body }, here) =>
  changed(here, await setMachineGroups.call(here.call, { machine: params.id, ...body }))
export const resize: Handler<Routes['resizeMachine']> = async ({ params, body }, here) =>
  changed(here, await resizeMachine.call(here.call, { machine: params.id, ...body }))
export const userData: Handler<Routes['changeUserData']> = async ({ params, body }, here) =>
  changed(here, await changeUserData.call(here.call, { machine: params.id, ...body }))

export const rebuild: Handler<Routes['rebuildMachine']> = async ({ params, body }, here) =>
  begun(here, params.id, await rebuildMachine.call(here.call, { machine: params.id, ...body }))

export const rescue: Handler<Routes['rescueMachine']> = async ({ params, body }, here) =>
  begun(here, params.id, await rescueMachine.call(here.call, { machine: params.id, ...body }))

export const unrescue: Handler<Routes['unrescueMachine']> = async ({ params }, here) =>
  begun(here, params.id, await unrescueMachine.call(here.call, { machine: params.id }))

/** What was begun on a machine, with the machine as it is now. */
async function begun(
  here: Here,
  id: string,
  asked: Result<{ readonly operations: readonly string[] }>,
): Promise<Result<Reply<Accepted>>> {
  if (!asked.ok) return asked
  const machine = await one(here, id)
  return machine.ok
    ? ok({ body: { machine: machineJson(machine.value, here.admin), operations: [...asked.value.operations] } })
    : machine
}

export const revert: Handler<Routes['revertMachine']> = async ({ params, body }, here) => {
  const asked = await revertMachine.call(here.call, { machine: params.id, snapshot: body.snapshot })
  if (!asked.ok) return asked
  const machine = await one(here, params.id)
  return machine.ok
    ? ok({ body: { machine: machineJson(machine.value, here.admin), operations: [...asked.value.operations] } })
    : machine
}

export const snapshot: Handler<Routes['snapshotMachine']> = async ({ params, body }, { call }) => {
  const asked = await snapshotMachine.call(call, { machine: params.id, ...body })
  if (!asked.ok) return asked
  const { moment, operations } = asked.value
  const made = await findSnapshots.call(call, { snapshots: [...asked.value.snapshots] })
  return made.ok ? ok({ body: { moment, snapshots: made.value.map(snapshotJson), operations: [...operations] } }) : made
}

export const recover: Handler<Routes['recoverMachine']> = async ({ params, body }, here) => {
  const set = await recoverMachines.call(here.call, { machines: [params.id], recover: body.recover })
  if (!set.ok) return set
  const machine = await one(here, params.id)
  return machine.ok ? ok({ body: machineJson(machine.value, here.admin) }) : machine
}

export const forget: Handler<Routes['forgetMachine']> = async ({ params, body: { confirm } }, { call }) => {
  const forgotten = await forgetMachine.call(call, { machine: params.id, confirm })
  return forgotten.ok ? ok({ body: undefined }) : forgotten
}

/** Whosever machine it is: the answer shows it as an admin of the platform sees it. */
export const migrate: Handler<Routes['migrateMachine']> = async ({ params, body }, here) => {
  const asked = await migrateMachine.call(here.call, {
    machine: params.id,
    ...(body.host === undefined ? {} : { host: body.host }),
  })
  if (!asked.ok) return asked
  const found = await here.call.ports.store.machines.find('platform', [params.id])
  if (!found.ok) return found
  const [machine] = found.value
  if (!machine) throw new Error('impossible: found, and not there')
  return ok({ body: { machine: machineJson(machine, here.admin), operations: [...asked.value.operations] } })
}

export const log: Handler<Routes['getConsoleLog']> = async ({ params }, { call }) => {
  const printed = await consoleLog.call(call, { machine: params.id })
  if (!printed.ok) return printed
  const bytes = Uint8Array.from(atob(printed.value.base64), c => c.charCodeAt(0))
  return ok({ body: { text: new TextDecoder().decode(bytes), at: time(printed.value.at) } })
}

export const console: Handler<Routes['openConsole']> = async ({ params }, { call }) => {
  const opened = await openConsole.call(call, { machine: params.id })
  if (!opened.ok) return opened
  const { ticket } = opened.value
  return ok({ body: { ticket, path: `/api/v1/consoles/${ticket}` } })
}

export const screen: Handler<Routes['openScreen']> = async ({ params }, { call }) => {
  const opened = await openScreen.call(call, { machine: params.id })
  if (!opened.ok) return opened
  const { ticket, password } = opened.value
  return ok({ body: { ticket, path: `/api/v1/consoles/${ticket}`, password } })
}

export const screenshot: Handler<Routes['getScreenshot']> = async ({ params }, { call }) => {
  const taken = await takeScreenshot.call(call, { machine: params.id })
  return taken.ok ? ok({ body: { png: taken.value.base64, at: time(taken.value.at) } }) : taken
}

export const guest: Handler<Routes['getGuest']> = async ({ params }, { call }) => {
  const told = await guestFacts.call(call, { machine: params.id })
  if (!told.ok) return told
  const { hostname = null, os = null, interfaces, at } = told.value
  return ok({ body: { hostname, os, interfaces, at: time(at) } })
}

export const guestPassword: Handler<Routes['setGuestPassword']> = async ({ params, body }, { call }) => {
  // Under no token: what is kept of a request would be a hash of the password.
  const { token: _, ...once } = call
  const set = await setGuestPassword.call(once, { machine: params.id, ...body })
  return set.ok ? ok({ body: undefined }) : set
}
export const guestKey: Handler<Routes['addGuestKey']> = async ({ params, body }, { call }) => {
  const added = await addGuestKey.call(call, { machine: params.id, ...body })
  return added.ok ? ok({ body: undefined }) : added
}
