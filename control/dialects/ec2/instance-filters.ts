import type { Machine } from '../../domain/machines/machine.ts'
import { filterOf, type Looks, tagLooks } from './filters.ts'
import type { Filter } from './parameters.ts'
import { architecture, privateDnsName, rootDevice } from './render/instance.ts'
import { instanceStateOf, instanceStates, stateReasonOf } from './render/instance-state.ts'
import { renderTime } from './render/time.ts'

const ports = (look: (port: Machine['ports'][number], machine: Machine) => string) => (machine: Machine) =>
  machine.ports.map(port => look(port, machine))

/** The filters of DescribeInstances that this platform has an answer to. */
const looks = {
  ...tagLooks,
  architecture: () => [architecture],
  'availability-zone': machine => [machine.zone],
  'client-token': machine => (machine.clientToken === null ? [] : [machine.clientToken]),
  'dns-name': () => [],
  'group-id': machine => machine.ports.flatMap(({ groups }) => groups.map(({ alias }) => alias)),
  'group-name': machine => machine.ports.flatMap(({ groups }) => groups.map(({ name }) => name)),
  hypervisor: () => ['xen'],
  'image-id': machine => [machine.imageAlias],
  'instance-id': machine => [machine.alias],
  'instance-lifecycle': () => [],
  'instance-state-code': machine => [String(instanceStates[instanceStateOf(machine)])],
  'instance-state-name': machine => [instanceStateOf(machine)],
  'instance-type': machine => [machine.flavor],
  'instance.group-id': machine => machine.ports.flatMap(({ groups }) => groups.map(({ alias }) => alias)),
  'instance.group-name': machine => machine.ports.flatMap(({ groups }) => groups.map(({ name }) => name)),
  'ip-address': () => [],
  'key-name': machine => (machine.keyPair === null ? [] : [machine.keyPair]),
  'launch-index': machine => [String(machine.launchIndex)],
  'launch-time': machine => [renderTime(machine.createdAt)],
  'monitoring-state': () => ['disabled'],
  'network-interface.addresses.private-ip-address': ports(port => port.address),
  'network-interface.mac-address': ports(port => port.mac),
  'network-interface.network-interface-id': ports(port => port.alias),
  'network-interface.subnet-id': ports(port => port.subnetAlias),
  'network-interface.vpc-id': ports(port => port.networkAlias),
  'owner-id': machine => [machine.account],
  'placement-group-name': machine => (machine.placementGroupName === null ? [] : [machine.placementGroupName]),
  platform: () => [],
  'private-dns-name': ports((port, machine) => privateDnsName(port.address, machine.region)),
  'private-ip-address': ports(port => port.address),
  'reservation-id': machine => [machine.reservation],
  'root-device-name': () => [rootDevice],
  'root-device-type': () => ['ebs'],
  'source-dest-check': () => ['true'],
  'state-reason-code': machine => [stateReasonOf(machine)?.code ?? ''],
  'subnet-id': ports(port => port.subnetAlias),
  tenancy: () => ['default'],
  'virtualization-type': () => ['hvm'],
  'vpc-id': ports(port => port.networkAlias),
} as const satisfies Looks<Machine>

export const instanceFilter = (filters: readonly Filter[]): ((machine: Machine) => boolean) =>
  filterOf<Machine>(filters, looks, machine => machine.tags)
