import type { Accepted } from '@sirocco/shared/api/machines.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { all, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { MachineVerb } from '@sirocco/shared/model/machines/states.ts'
import { type Machine, stateOfMachine } from '../../../domain/machines/machine.ts'
import { openConsole } from '../../../services/machines/console.ts'
import { consoleLog } from '../../../services/machines/console-log.ts'
import { deleteMachines } from '../../../services/machines/delete.ts'
import { findMachines } from '../../../services/machines/find.ts'
import { launchMachines } from '../../../services/machines/launch.ts'
import { listMachines } from '../../../services/machines/list.ts'
import { migrateMachine } from '../../../services/machines/migrate.ts'
import { rebootMachines } from '../../../services/machines/reboot.ts'
import { startMachines } from '../../../services/machines/start.ts'
import { stopMachines } from '../../../services/machines/stop.ts'
import type { Call } from '../../../services/verb.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { listed } from '../list.ts'
import { machineJson } from '../render/machine.ts'
import { time } from '../render/time.ts'

type Query = Parameters<Handler<Routes['listMachines']>>[0]['query']

/** Does a machine pass every filter of the query? Undefined where there is none: then pages are the store's own. */
function filterOf({ name, state, tag }: Query): ((machine: Machine) => boolean) | undefined {
  const part = name?.toLowerCase()
  const pairs = tag?.map((text): [key: string, value: string | undefined] => {
    const at = text.indexOf('=')
    return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
  })
  if (part === undefined && state === undefined && pairs === undefined) return undefined
  return machine =>
    (part === undefined || machine.name.toLowerCase().includes(part)) &&
    (state === undefined || state.includes(stateOfMachine(machine))) &&
    (pairs === undefined ||
      pairs.every(([key, value]) => Object.hasOwn(machine.tags, key) && (value === undefined || machine.tags[key] === value)))
}

export const list: Handler<Routes['listMachines']> = async ({ query }, { call, admin }) => {
  const keeps = filterOf(query)
  if (query.id !== undefined) {
    const found = await present(call, query.id)
    if (!found.ok) return found
    return ok({
      body: { items: found.value.filter(keeps ?? (() => true)).map(machine => machineJson(machine, admin)), next: null },
    })
  }
  const page = await listed(
    query,
    page => listMachines.call(call, page),
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

const verbs = { start: startMachines, stop: stopMachines, reboot: rebootMachines, delete: deleteMachines } satisfies Record<
  MachineVerb,
  unknown
>

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
export const remove: Handler<Routes['deleteMachine']> = ({ params }, here) => intend('delete', here, params.id)

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
