import type { Machine, MachinePort } from '../../../domain/machines/machine.ts'
import type { Xml } from '../xml.ts'
import { renderState, stateReasonOf, transitionReasonOf } from './instance-state.ts'
import { groupIdentifier } from './security-group.ts'
import { renderTags } from './tags.ts'
import { renderTime } from './time.ts'

/** The name that EC2 gives an address inside a region. */
export const privateDnsName = (address: string, region: string): string =>
  `ip-${address.replaceAll('.', '-')}.${region}.compute.internal`

/** Where the guest finds its disk. */
export const rootDevice = '/dev/vda'
/** Of every host so far; a machine's row does not carry it. */
export const architecture = 'x86_64'

/** An `Instance` (API reference): what this platform knows, and what tools read without asking whether it is there. */
export function renderInstance(machine: Machine): Xml {
  const [first] = machine.ports
  return {
    instanceId: machine.alias,
    imageId: machine.imageAlias,
    instanceState: renderState(machine),
    privateDnsName: first ? privateDnsName(first.address, machine.region) : '',
    dnsName: '',
    reason: transitionReasonOf(machine),
    keyName: machine.keyPair,
    amiLaunchIndex: machine.launchIndex,
    productCodes: [],
    instanceType: machine.flavor,
    launchTime: renderTime(machine.createdAt),
    placement: { availabilityZone: machine.zone, groupName: machine.placementGroupName ?? '', tenancy: 'default' },
    monitoring: { state: 'disabled' },
    subnetId: first?.subnetAlias,
    vpcId: first?.networkAlias,
    privateIpAddress: first?.address,
    sourceDestCheck: first && true,
    groupSet: (first?.groups ?? []).map(groupIdentifier),
    stateReason: stateReasonOf(machine),
    architecture,
    bootMode: machine.firmware === 'uefi' ? 'uefi' : 'legacy-bios',
    currentInstanceBootMode: machine.firmware === 'uefi' ? 'uefi' : 'legacy-bios',
    rootDeviceType: 'ebs',
    rootDeviceName: rootDevice,
    blockDeviceMapping: blockDevices(machine),
    virtualizationType: 'hvm',
    clientToken: machine.clientToken ?? '',
    tagSet: renderTags(machine.tags),
    // KVM calls itself xen in EC2's own answers, too.
    hypervisor: 'xen',
    networkInterfaceSet: machine.ports.map((port, index) => renderInterface(machine, port, index)),
    ebsOptimized: false,
    enaSupport: true,
    cpuOptions: { coreCount: machine.vcpus, threadsPerCore: 1 },
    capacityReservationSpecification: { capacityReservationPreference: 'open' },
    hibernationOptions: { configured: true },
    enclaveOptions: { enabled: false },
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
    maintenanceOptions: { autoRecovery: 'disabled' },
  }
}

/** What it has for volumes. A mapping names the guest's own device, as this platform's clients find it. */
export const blockDevices = ({ volumes }: Machine) =>
  volumes.map(({ alias, device, deleteOnTermination, attachedAt }) => ({
    deviceName: `/dev/${device}`,
    ebs: { volumeId: alias, status: 'attached', attachTime: renderTime(attachedAt), deleteOnTermination },
  }))

function renderInterface(machine: Machine, port: MachinePort, index: number): Xml {
  const dns = privateDnsName(port.address, machine.region)
  return {
    networkInterfaceId: port.alias,
    subnetId: port.subnetAlias,
    vpcId: port.networkAlias,
    description: '',
    ownerId: machine.account,
    status: 'in-use',
    macAddress: port.mac,
    privateIpAddress: port.address,
    privateDnsName: dns,
    sourceDestCheck: true,
    groupSet: port.groups.map(groupIdentifier),
    attachment: {
      attachmentId: port.alias.replace(/^eni-/, 'eni-attach-'),
      deviceIndex: index,
      networkCardIndex: 0,
      status: 'attached',
      attachTime: renderTime(machine.createdAt),
      deleteOnTermination: true,
    },
    privateIpAddressesSet: [{ privateIpAddress: port.address, privateDnsName: dns, primary: true }],
    ipv6AddressesSet: [],
    interfaceType: 'interface',
  }
}
