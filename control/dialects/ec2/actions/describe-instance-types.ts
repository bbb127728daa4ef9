import type { Flavor } from '../../../domain/images/image.ts'
import { listFlavors } from '../../../services/flavors/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks, matches } from '../filters.ts'
import { sliceOf } from '../paging.ts'
import { filters, integer, listOrNone, paging, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { architecture } from '../render/instance.ts'

const parameters = { InstanceType: listOrNone(text, 100), Filter: filters, ...paging, MaxResults: integer(5, 100).optional() }

const looks = {
  'bare-metal': () => ['false'],
  'burstable-performance-supported': () => ['false'],
  'current-generation': () => ['true'],
  'free-tier-eligible': () => ['false'],
  hypervisor: () => ['nitro'],
  'instance-storage-supported': () => ['false'],
  'instance-type': flavor => [flavor.name],
  'memory-info.size-in-mib': flavor => [String(flavor.memoryMiB)],
  'processor-info.supported-architecture': () => [architecture],
  'supported-root-device-type': () => ['ebs'],
  'supported-usage-class': () => ['on-demand'],
  'supported-virtualization-type': () => ['hvm'],
  'vcpu-info.default-cores': flavor => [String(flavor.vcpus)],
  'vcpu-info.default-threads-per-core': () => ['1'],
  'vcpu-info.default-vcpus': flavor => [String(flavor.vcpus)],
} as const satisfies Looks<Flavor>

const renderType = (flavor: Flavor) => ({
  instanceType: flavor.name,
  currentGeneration: true,
  freeTierEligible: false,
  supportedUsageClasses: ['on-demand'],
  supportedRootDeviceTypes: ['ebs'],
  supportedVirtualizationTypes: ['hvm'],
  bareMetal: false,
  hypervisor: 'nitro',
  processorInfo: { supportedArchitectures: [architecture] },
  vCpuInfo: { defaultVCpus: flavor.vcpus, defaultCores: flavor.vcpus, defaultThreadsPerCore: 1 },
  memoryInfo: { sizeInMiB: flavor.memoryMiB },
  instanceStorageSupported: false,
  ebsInfo: { ebsOptimizedSupport: 'unsupported', encryptionSupport: 'unsupported', nvmeSupport: 'unsupported' },
  networkInfo: {
    networkPerformance: 'Up to 10 Gigabit',
    maximumNetworkInterfaces: 1,
    maximumNetworkCards: 1,
    defaultNetworkCardIndex: 0,
    ipv4AddressesPerInterface: 1,
    ipv6AddressesPerInterface: 0,
    ipv6Supported: false,
    enaSupport: 'supported',
    efaSupported: false,
  },
  placementGroupInfo: { supportedStrategies: ['cluster', 'spread'] },
  hibernationSupported: true,
  burstablePerformanceSupported: false,
  dedicatedHostsSupported: false,
  autoRecoverySupported: false,
})

/** DescribeInstanceTypes: the platform's flavors. */
export const DescribeInstanceTypes = action(
  { right: 'flavors.list', noun: 'instance-type', parameters },
  async (request, given) => {
    const flavors = await request.call(listFlavors, {})
    const missing = given.InstanceType.filter(pattern => !flavors.some(flavor => matches(pattern, flavor.name)))
    if (missing.length > 0)
      throw new Refusal(
        'InvalidInstanceType',
        `The following supplied instance types do not exist: [${missing.join(', ').slice(0, 256)}]`,
      )
    const asked = flavors.filter(
      flavor => given.InstanceType.length === 0 || given.InstanceType.some(pattern => matches(pattern, flavor.name)),
    )
    const { items, nextToken } = sliceOf(asked.filter(filterOf<Flavor>(given.Filter, looks)), {
      ...given,
      keyOf: flavor => flavor.name,
    })
    return { instanceTypeSet: items.map(renderType), nextToken }
  },
)
