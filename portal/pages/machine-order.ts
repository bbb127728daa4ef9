import { machineStates } from '@sirocco/shared/model/machines/states.ts'
import type { Machine } from '../api/types.ts'
import type { SortKey } from './routes.tsx'

/** Does what was typed occur in its name, ids or addresses? */
export function matches(machine: Machine, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return true
  return [machine.name, machine.id, machine.ec2Id, ...machine.addresses].some(field => field.toLowerCase().includes(wanted))
}

/** `web-2` before `web-10`. One for all: making a collator is slow. */
const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

const orders = {
  name: (a, b) => names.compare(a.name, b.name),
  state: (a, b) => machineStates.indexOf(a.state) - machineStates.indexOf(b.state),
  flavor: (a, b) =>
    a.flavor.vcpus - b.flavor.vcpus || a.flavor.memoryMiB - b.flavor.memoryMiB || names.compare(a.flavor.name, b.flavor.name),
  zone: (a, b) => names.compare(a.zone, b.zone),
  created: (a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0),
} as const satisfies Record<SortKey, (a: Machine, b: Machine) => number>

/** Equal ones by id, which grows with time: an order that never flickers. */
export function compareMachines(sort: SortKey, down: boolean): (a: Machine, b: Machine) => number {
  const order = orders[sort]
  const way = down ? -1 : 1
  return (a, b) => way * (order(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}
