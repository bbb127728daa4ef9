import type { Machine } from '../../../domain/machines/machine.ts'
import { stateOfMachine } from '../../../domain/machines/machine.ts'
import { listMachines } from '../../../services/machines/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks, tagLooks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, flag, instanceId, listOrNone, paging } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { instanceStateOf, instanceStates, renderState } from '../render/instance-state.ts'

const parameters = { InstanceId: listOrNone(instanceId), IncludeAllInstances: flag.default(false), Filter: filters, ...paging }

/** SummaryStatus of the instance and of the system under it. A silent host says nothing of its machines. */
function checksOf(machine: Machine): { instance: string; system: string; reachability: string } {
  if (instanceStateOf(machine) !== 'running') return { instance: 'not-applicable', system: 'not-applicable', reachability: '' }
  return stateOfMachine(machine) === 'unknown'
    ? { instance: 'insufficient-data', system: 'impaired', reachability: 'insufficient-data' }
    : { instance: 'ok', system: 'ok', reachability: 'passed' }
}

const looks = {
  ...tagLooks,
  'availability-zone': machine => [machine.zone],
  'instance-state-code': machine => [String(instanceStates[instanceStateOf(machine)])],
  'instance-state-name': machine => [instanceStateOf(machine)],
  'instance-status.status': machine => [checksOf(machine).instance],
  'instance-status.reachability': machine => [checksOf(machine).reachability],
  'system-status.status': machine => [checksOf(machine).system],
  'system-status.reachability': machine => [checksOf(machine).reachability],
} as const satisfies Looks<Machine>

function renderStatus(machine: Machine) {
  const { instance, system, reachability } = checksOf(machine)
  const details = reachability === '' ? [] : [{ name: 'reachability', status: reachability }]
  return {
    instanceId: machine.alias,
    availabilityZone: machine.zone,
    instanceState: renderState(machine),
    instanceStatus: { status: instance, details },
    systemStatus: { status: system, details },
  }
}

/** DescribeInstanceStatus: running ones, or all with IncludeAllInstances. */
export const DescribeInstanceStatus = action({ right: 'machines.list', noun: 'instance', parameters }, async (request, given) => {
  const filtered = filterOf<Machine>(given.Filter, looks, machine => machine.tags)
  const passes = (machine: Machine) => (given.IncludeAllInstances || instanceStateOf(machine) === 'running') && filtered(machine)
  if (given.InstanceId.length > 0) {
    if (given.MaxResults !== undefined)
      throw new Refusal('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults')
    return { instanceStatusSet: (await request.machines(given.InstanceId)).filter(passes).map(renderStatus) }
  }
  const { items, nextToken } = await pageOf({
    ...given,
    passes,
    residual: true,
    keyOf: machine => machine.id,
    page: page => request.call(listMachines, page),
  })
  return { instanceStatusSet: items.map(renderStatus), nextToken }
})
