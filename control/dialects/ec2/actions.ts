import type { Action } from './action.ts'
import { AttachVolume } from './actions/attach-volume.ts'
import { CreateImage } from './actions/create-image.ts'
import { CreateKeyPair } from './actions/create-key-pair.ts'
import { CreatePlacementGroup } from './actions/create-placement-group.ts'
import { CreateSecurityGroup } from './actions/create-security-group.ts'
import { CreateSnapshot } from './actions/create-snapshot.ts'
import { CreateSnapshots } from './actions/create-snapshots.ts'
import { CreateSubnet } from './actions/create-subnet.ts'
import { CreateTags } from './actions/create-tags.ts'
import { CreateVolume } from './actions/create-volume.ts'
import { CreateVpc } from './actions/create-vpc.ts'
import { DeleteKeyPair } from './actions/delete-key-pair.ts'
import { DeletePlacementGroup } from './actions/delete-placement-group.ts'
import { DeleteSecurityGroup } from './actions/delete-security-group.ts'
import { DeleteSnapshot } from './actions/delete-snapshot.ts'
import { DeleteSubnet } from './actions/delete-subnet.ts'
import { DeleteTags } from './actions/delete-tags.ts'
import { DeleteVolume } from './actions/delete-volume.ts'
import { DeleteVpc } from './actions/delete-vpc.ts'
import { DeregisterImage } from './actions/deregister-image.ts'
import { DescribeAddresses } from './actions/describe-addresses.ts'
import { DescribeAvailabilityZones } from './actions/describe-availability-zones.ts'
import { DescribeImages } from './actions/describe-images.ts'
import { DescribeInstanceAttribute } from './actions/describe-instance-attribute.ts'
import { DescribeInstanceStatus } from './actions/describe-instance-status.ts'
import { DescribeInstanceTypes } from './actions/describe-instance-types.ts'
import { DescribeInstances } from './actions/describe-instances.ts'
import { DescribeKeyPairs } from './actions/describe-key-pairs.ts'
import { DescribePlacementGroups } from './actions/describe-placement-groups.ts'
import { DescribeRegions } from './actions/describe-regions.ts'
import { DescribeSecurityGroupRules } from './actions/describe-security-group-rules.ts'
import { DescribeSecurityGroups } from './actions/describe-security-groups.ts'
import { DescribeSnapshots } from './actions/describe-snapshots.ts'
import { DescribeSubnets } from './actions/describe-subnets.ts'
import { DescribeTags } from './actions/describe-tags.ts'
import { DescribeVolumeStatus } from './actions/describe-volume-status.ts'
import { DescribeVolumes } from './actions/describe-volumes.ts'
import { DescribeVolumesModifications } from './actions/describe-volumes-modifications.ts'
import { DescribeVpcs } from './actions/describe-vpcs.ts'
import { DetachVolume } from './actions/detach-volume.ts'
import { GetCallerIdentity } from './actions/get-caller-identity.ts'
import { GetConsoleOutput } from './actions/get-console-output.ts'
import { ImportKeyPair } from './actions/import-key-pair.ts'
import { ModifyInstanceAttribute } from './actions/modify-instance-attribute.ts'
import { ModifyVolume } from './actions/modify-volume.ts'
import { RebootInstances } from './actions/reboot-instances.ts'
import { RunInstances } from './actions/run-instances.ts'
import {
  AuthorizeSecurityGroupEgress,
  AuthorizeSecurityGroupIngress,
  RevokeSecurityGroupEgress,
  RevokeSecurityGroupIngress,
} from './actions/security-group-permissions.ts'
import { StartInstances } from './actions/start-instances.ts'
import { StopInstances } from './actions/stop-instances.ts'
import { TerminateInstances } from './actions/terminate-instances.ts'

/** Every action, by the service that a request is signed for and by its name. */
export const actions = {
  ec2: {
    AttachVolume,
    AuthorizeSecurityGroupEgress,
    AuthorizeSecurityGroupIngress,
    CreateImage,
    CreateKeyPair,
    CreatePlacementGroup,
    CreateSecurityGroup,
    CreateSnapshot,
    CreateSnapshots,
    CreateSubnet,
    CreateTags,
    CreateVolume,
    CreateVpc,
    DeleteKeyPair,
    DeletePlacementGroup,
    DeleteSecurityGroup,
    DeleteSnapshot,
    DeleteSubnet,
    DeleteTags,
    DeleteVolume,
    DeleteVpc,
    DeregisterImage,
    DescribeAddresses,
    DescribeAvailabilityZones,
    DescribeImages,
    DescribeInstanceAttribute,
    DescribeInstanceStatus,
    DescribeInstanceTypes,
    DescribeInstances,
    DescribeKeyPairs,
    DescribePlacementGroups,
    DescribeRegions,
    DescribeSecurityGroupRules,
    DescribeSecurityGroups,
    DescribeSnapshots,
    DescribeSubnets,
    DescribeTags,
    DescribeVolumeStatus,
    DescribeVolumes,
    DescribeVolumesModifications,
    DescribeVpcs,
    DetachVolume,
    GetConsoleOutput,
    ImportKeyPair,
    ModifyInstanceAttribute,
    ModifyVolume,
    RebootInstances,
    RevokeSecurityGroupEgress,
    RevokeSecurityGroupIngress,
    RunInstances,
    StartInstances,
    StopInstances,
    TerminateInstances,
  },
  sts: { GetCallerIdentity },
} as const satisfies Record<string, Readonly<Record<string, Action>>>

export type Service = keyof typeof actions
export const services = ['ec2', 'sts'] as const satisfies readonly Service[]

/** Of this name, if the service has it. */
export function actionOf(service: Service, name: string): Action | undefined {
  const table: Readonly<Record<string, Action>> = actions[service]
  return Object.hasOwn(table, name) ? table[name] : undefined
}
