import { listMachines } from '../../../services/machines/list.ts'
import { action } from '../action.ts'
import { instanceFilter } from '../instance-filters.ts'
import { pageOf } from '../paging.ts'
import { filters, instanceId, listOrNone, paging } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderReservations } from '../render/reservation.ts'

const parameters = { InstanceId: listOrNone(instanceId), Filter: filters, ...paging }

/** DescribeInstances: terminated ones too, while they are visible. */
export const DescribeInstances = action({ right: 'machines.list', noun: 'instance', parameters }, async (request, given) => {
  const passes = instanceFilter(given.Filter)
  if (given.InstanceId.length > 0) {
    if (given.MaxResults !== undefined)
      throw new Refusal('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults')
    return { reservationSet: renderReservations((await request.machines(given.InstanceId)).filter(passes)) }
  }
  const { items, nextToken } = await pageOf({
    ...given,
    passes,
    residual: given.Filter.length > 0,
    keyOf: machine => machine.id,
    page: page => request.call(listMachines, page),
  })
  return { reservationSet: renderReservations(items), nextToken }
})
