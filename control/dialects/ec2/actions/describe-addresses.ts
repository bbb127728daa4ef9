import { action } from '../action.ts'
import { ignored, listOrNone, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = { PublicIp: listOrNone(text), AllocationId: listOrNone(text), Filter: ignored }

/** DescribeAddresses: there are no public addresses yet; libcloud asks after every list of machines. */
export const DescribeAddresses = action({ right: 'networks.list', noun: 'subnet', parameters }, async (_request, given) => {
  const [named] = [...given.PublicIp, ...given.AllocationId]
  if (named !== undefined) throw new Refusal('InvalidParameterValue', `There is no address ${named.slice(0, 64)}`)
  return { addressesSet: [] }
})
