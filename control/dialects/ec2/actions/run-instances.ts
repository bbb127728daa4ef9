import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { rootDevice } from '../../../domain/volumes/device.ts'
import { launchMachines } from '../../../services/machines/launch.ts'
import { action } from '../action.ts'
import { deviceAdvice, deviceNamed } from '../devices.ts'
import {
  flag,
  ignored,
  imageId,
  integer,
  list,
  listOrNone,
  never,
  only,
  specifiedTags,
  tagSpecifications,
  text,
} from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderReservation } from '../render/reservation.ts'

const off = (what: string) => only(['false'], `${what} is not available here; leave it out`).optional()
const groups = listOrNone(text, 5)
const oneAddress = 'a machine gets its address from its subnet; leave it out'

const networkInterface = z.strictObject({
  DeviceIndex: only(['0'], 'a machine has one network interface; give only NetworkInterface.1 with DeviceIndex 0'),
  SubnetId: text.optional(),
  SecurityGroupId: groups,
  Groups: groups,
  DeleteOnTermination: only(['true'], 'a machine takes its network interface with it; leave DeleteOnTermination out').optional(),
  AssociatePublicIpAddress: off('a public address'),
  Description: ignored,
  InterfaceType: only(['interface'], 'the only interface type is interface').optional(),
  NetworkCardIndex: only(['0'], 'a machine has one network card').optional(),
  NetworkInterfaceId: never('network interfaces are made with their machine; give SubnetId instead'),
  PrivateIpAddress: never(oneAddress),
  PrivateIpAddresses: never(oneAddress),
})

const blockDevice = z.strictObject({
  /** What it boots from, where it is not said. */
  DeviceName: text.default('/dev/vda'),
  Ebs: z
    .strictObject({
      /** GiB. */
      VolumeSize: integer(1, limits.volumeMiB / 1024).optional(),
      DeleteOnTermination: flag.optional(),
      SnapshotId: never('volumes of a launch are of its image, or empty; make one from the snapshot and attach it'),
      Encrypted: off('encryption'),
      KmsKeyId: never('encryption is not available here; leave KmsKeyId out'),
      // Kinds of storage are an admin's to name here; all volumes are of the default pool.
      VolumeType: ignored,
      Iops: ignored,
      Throughput: ignored,
    })
    .default({}),
  VirtualName: never('there is no instance store here; leave VirtualName out'),
  NoDevice: never('a machine needs its root volume; leave NoDevice out'),
})

/** Base64, without the line breaks that some tools leave in it. */
const userData = z
  .string()
  .transform(text => text.replace(/\s/g, ''))
  .refine(
    text => Math.floor((text.replace(/=+$/, '').length * 3) / 4) <= limits.userDataBytes,
    'is longer than 16 KiB before base64',
  )

const parameters = {
  ImageId: imageId,
  InstanceType: text.default('t3.micro'),
  MinCount: integer(1, limits.bulk),
  MaxCount: integer(1, limits.bulk),
  KeyName: text.optional(),
  UserData: userData.optional(),
  ClientToken: z.string().max(64, 'is longer than 64 characters').optional(),
  SubnetId: text.optional(),
  SecurityGroup: groups,
  SecurityGroupId: groups,
  NetworkInterface: list(networkInterface, 1).optional(),
  TagSpecification: tagSpecifications(['instance', 'volume'], ['network-interface']),
  InstanceInitiatedShutdownBehavior: z.enum(['stop', 'terminate']).default('stop'),
  Placement: z
    .strictObject({
      AvailabilityZone: text.optional(),
      Tenancy: only(['default'], 'machines share hosts; the only tenancy is default').optional(),
      /** Empty, as tools send it: none. */
      GroupName: text.optional(),
      GroupId: text.optional(),
    })
    .default({}),
  DisableApiTermination: flag.default(false),
  DisableApiStop: off('stop protection'),
  // Every machine can hibernate.
  HibernationOptions: z.strictObject({ Configured: flag.optional() }).optional(),
  EnclaveOptions: z.strictObject({ Enabled: off('an enclave') }).optional(),
  BlockDeviceMapping: listOrNone(blockDevice, 1 + limits.volumesOfMachine),
  LaunchTemplate: never('launch templates are not available here; give the parameters themselves'),
  InstanceMarketOptions: never('there is no spot market here; leave InstanceMarketOptions out'),
  IamInstanceProfile: never('instance profiles are not available here; leave IamInstanceProfile out'),
  CpuOptions: never('cpus come with the instance type; leave CpuOptions out'),
  PrivateIpAddress: never(oneAddress),
  Ipv6AddressCount: only(['0'], 'there are no IPv6 addresses here yet; leave Ipv6AddressCount out').optional(),
  KernelId: never('kernels come with the image; leave KernelId out'),
  RamdiskId: never('ramdisks come with the image; leave RamdiskId out'),
  // These change the price, the monitoring or a service that a guest here has none of: nothing of the machine.
  Monitoring: ignored,
  EbsOptimized: flag.optional(),
  CreditSpecification: ignored,
  MetadataOptions: ignored,
  MaintenanceOptions: ignored,
  PrivateDnsNameOptions: ignored,
  CapacityReservationSpecification: ignored,
}

/** RunInstances (API 2016-11-15): between MinCount and MaxCount machines, or none; a ClientToken lands once. */
export const RunInstances = action({ right: 'machines.launch', noun: 'instance', parameters }, async (request, given) => {
  const [nic] = given.NetworkInterface ?? []
  if (nic && (given.SubnetId !== undefined || given.SecurityGroup.length + given.SecurityGroupId.length > 0))
    throw new Refusal(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet or security groups may not be specified on the same request',
    )
  if (given.MinCount > given.MaxCount) throw new Refusal('InvalidParameterValue', 'MinCount must not be greater than MaxCount')

  const { root, further } = blockDevicesOf(given.BlockDeviceMapping)
  const tags = specifiedTags(given.TagSpecification, 'instance')
  const group = given.Placement.GroupId || given.Placement.GroupName
  const subnet = nic?.SubnetId ?? given.SubnetId
  const launched = await request.call(
    launchMachines,
    {
      image: given.ImageId,
      flavor: given.InstanceType,
      minCount: given.MinCount,
      maxCount: given.MaxCount,
      onGuestShutdown: given.InstanceInitiatedShutdownBehavior,
      protected: given.DisableApiTermination,
      tags,
      volumes: further,
      volumeTags: specifiedTags(given.TagSpecification, 'volume'),
      ...(given.KeyName === undefined ? {} : { keyPair: given.KeyName }),
      ...(given.UserData === undefined ? {} : { userData: given.UserData }),
      ...(root?.VolumeSize === undefined ? {} : { rootDiskMiB: root.VolumeSize * 1024 }),
      ...(root?.DeleteOnTermination === undefined ? {} : { deleteRootDisk: root.DeleteOnTermination }),
      ...(subnet === undefined ? {} : { subnet }),
      securityGroups: [...given.SecurityGroupId, ...(nic?.SecurityGroupId ?? []), ...(nic?.Groups ?? []), ...given.SecurityGroup],
      ...(group ? { placementGroup: group } : {}),
      ...(given.Placement.AvailabilityZone === undefined ? {} : { zone: given.Placement.AvailabilityZone }),
      ...(given.ClientToken === undefined ? {} : { clientToken: given.ClientToken }),
    },
    given.ClientToken,
  )
  return renderReservation(launched.reservation, await request.machines(launched.machines))
})

/** The disk that it boots from as it is asked for, and the empty volumes beside it. */
function blockDevicesOf(mappings: readonly z.output<typeof blockDevice>[]) {
  const named = mappings.map(({ DeviceName, Ebs }) => {
    const device = deviceNamed(DeviceName)
    if (device === null)
      throw new Refusal('InvalidBlockDeviceMapping', `The device '${DeviceName.slice(0, 64)}' cannot be mapped: ${deviceAdvice}`)
    return { device, ...Ebs }
  })
  const twice = named.find(({ device }, i) => named.findIndex(other => other.device === device) !== i)
  if (twice) throw new Refusal('InvalidBlockDeviceMapping', `/dev/${twice.device} is mapped more than once`)
  return {
    root: named.find(({ device }) => device === rootDevice),
    further: named
      .filter(({ device }) => device !== rootDevice)
      .map(({ device, VolumeSize, DeleteOnTermination = true }) => {
        if (VolumeSize === undefined)
          throw new Refusal('InvalidBlockDeviceMapping', `/dev/${device} needs a size: give Ebs.VolumeSize`)
        return { device, sizeMiB: VolumeSize * 1024, deleteOnTermination: DeleteOnTermination }
      }),
  }
}
