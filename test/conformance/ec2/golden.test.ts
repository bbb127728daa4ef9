import { join } from 'node:path'
import { actions } from '@sirocco/control/dialects/ec2/actions.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Ec2World, ec2World, textOf } from './world.ts'

type Form = Readonly<Record<string, string>>

/** What earlier answers named, for later requests. */
interface Named {
  image: string
  instance: string
  subnet: string
  keyPair: string
  volume: string
  snapshot: string
  group: string
  vpc: string
  /** A subnet that was made. */
  fresh: string
}

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGC60tTkFpGLpNmPeghaoLWLHHI8TWwlOK2XkwZ6G0FI ann'

/** One request of each action, in the order of a life; each answer is kept in goldens/. */
const requests: readonly (readonly [action: string, form: (named: Named) => Form])[] = [
  ['DescribeRegions', () => ({})],
  ['DescribeAvailabilityZones', () => ({ 'Filter.1.Name': 'region-name', 'Filter.1.Value.1': 'test-1' })],
  ['DescribeVpcs', () => ({ 'Filter.1.Name': 'isDefault', 'Filter.1.Value.1': 'true' })],
  ['DescribeSubnets', () => ({ 'Filter.1.Name': 'default-for-az', 'Filter.1.Value.1': 'true' })],
  ['DescribeSecurityGroups', () => ({ 'Filter.1.Name': 'group-name', 'Filter.1.Value.1': 'default' })],
  ['DescribeAddresses', () => ({})],
  ['DescribeInstanceTypes', () => ({ 'InstanceType.1': 't3.micro' })],
  ['DescribeImages', () => ({ 'Owner.1': 'amazon', 'Filter.1.Name': 'name', 'Filter.1.Value.1': 't*' })],
  [
    'ImportKeyPair',
    () => ({
      KeyName: 'ann',
      PublicKeyMaterial: btoa(publicKey),
      'TagSpecification.1.ResourceType': 'key-pair',
      'TagSpecification.1.Tag.1.Key': 'of',
      'TagSpecification.1.Tag.1.Value': 'ann',
    }),
  ],
  ['CreateKeyPair', () => ({ KeyName: 'made', KeyType: 'ed25519' })],
  ['DescribeKeyPairs', () => ({ 'KeyName.1': 'ann', IncludePublicKey: 'true' })],
  [
    'RunInstances',
    ({ image, subnet }) => ({
      ImageId: image,
      InstanceType: 't3.nano',
      MinCount: '1',
      MaxCount: '2',
      KeyName: 'ann',
      UserData: btoa('#!/bin/sh\ntrue\n'),
      SubnetId: subnet,
      ClientToken: 'token-1',
      'TagSpecification.1.ResourceType': 'instance',
      'TagSpecification.1.Tag.1.Key': 'Name',
      'TagSpecification.1.Tag.1.Value': 'web <&>',
    }),
  ],
  ['DescribeInstances', ({ instance }) => ({ 'InstanceId.1': instance })],
  ['DescribeInstanceStatus', ({ instance }) => ({ 'InstanceId.1': instance, IncludeAllInstances: 'true' })],
  ['DescribeInstanceAttribute', ({ instance }) => ({ InstanceId: instance, Attribute: 'instanceType' })],
  ['GetConsoleOutput', ({ instance }) => ({ InstanceId: instance, Latest: 'true' })],
  ['CreateTags', ({ instance }) => ({ 'ResourceId.0': instance, 'Tag.0.Key': 'stage', 'Tag.0.Value': 'test' })],
  ['DescribeTags', () => ({ 'Filter.1.Name': 'resource-type', 'Filter.1.Value.1': 'instance' })],
  ['DeleteTags', ({ instance }) => ({ 'ResourceId.1': instance, 'Tag.1.Key': 'stage' })],
  ['CreateImage', ({ instance }) => ({ InstanceId: instance, Name: 'kept', NoReboot: 'true' })],
  [
    'CreateVolume',
    () => ({
      AvailabilityZone: 'test-1a',
      Size: '2',
      VolumeType: 'gp3',
      ClientToken: 'token-2',
      'TagSpecification.1.ResourceType': 'volume',
      'TagSpecification.1.Tag.1.Key': 'Name',
      'TagSpecification.1.Tag.1.Value': 'data',
    }),
  ],
  ['AttachVolume', ({ volume, instance }) => ({ VolumeId: volume, InstanceId: instance, Device: '/dev/sdf' })],
  ['DescribeVolumes', ({ volume }) => ({ 'VolumeId.1': volume })],
  ['DescribeVolumeStatus', ({ volume }) => ({ 'VolumeId.1': volume })],
  ['ModifyVolume', ({ volume }) => ({ VolumeId: volume, Size: '3' })],
  ['DescribeVolumesModifications', ({ volume }) => ({ 'VolumeId.1': volume })],
  ['CreateSnapshot', ({ volume }) => ({ VolumeId: volume, Description: 'before the change' })],
  ['DescribeSnapshots', ({ volume }) => ({ 'Filter.1.Name': 'volume-id', 'Filter.1.Value.1': volume })],
  ['CreateSnapshots', ({ instance }) => ({ 'InstanceSpecification.InstanceId': instance, Description: 'all of it' })],
  ['DeleteSnapshot', ({ snapshot }) => ({ SnapshotId: snapshot })],
  ['DetachVolume', ({ volume }) => ({ VolumeId: volume })],
  ['DeleteVolume', ({ volume }) => ({ VolumeId: volume })],
  ['RebootInstances', ({ instance }) => ({ 'InstanceId.1': instance })],
  ['StopInstances', ({ instance }) => ({ 'InstanceId.1': instance })],
  ['ModifyInstanceAttribute', ({ instance }) => ({ InstanceId: instance, 'DisableApiTermination.Value': 'false' })],
  ['StartInstances', ({ instance }) => ({ 'InstanceId.1': instance })],
  ['TerminateInstances', ({ instance }) => ({ 'InstanceId.1': instance })],
  ['CreateSecurityGroup', () => ({ GroupName: 'web', GroupDescription: 'of the web' })],
  [
    'AuthorizeSecurityGroupIngress',
    ({ group }) => ({
      GroupId: group,
      'IpPermissions.1.IpProtocol': 'tcp',
      'IpPermissions.1.FromPort': '80',
      'IpPermissions.1.ToPort': '81',
      'IpPermissions.1.IpRanges.1.CidrIp': '192.0.2.0/24',
      'IpPermissions.1.IpRanges.1.Description': 'the office',
      'IpPermissions.1.Groups.1.GroupId': group,
    }),
  ],
  [
    'AuthorizeSecurityGroupEgress',
    ({ group }) => ({
      GroupId: group,
      'IpPermissions.1.IpProtocol': 'icmpv6',
      'IpPermissions.1.FromPort': '-1',
      'IpPermissions.1.ToPort': '-1',
      'IpPermissions.1.Ipv6Ranges.1.CidrIpv6': '2001:db8::/32',
    }),
  ],
  ['DescribeSecurityGroupRules', ({ group }) => ({ 'Filter.1.Name': 'group-id', 'Filter.1.Value.1': group })],
  [
    'RevokeSecurityGroupIngress',
    ({ group }) => ({ GroupId: group, IpProtocol: 'tcp', FromPort: '80', ToPort: '81', CidrIp: '192.0.2.0/24' }),
  ],
  [
    'RevokeSecurityGroupEgress',
    ({ group }) => ({ GroupId: group, 'IpPermissions.1.IpProtocol': '-1', 'IpPermissions.1.IpRanges.1.CidrIp': '0.0.0.0/0' }),
  ],
  ['DeleteSecurityGroup', ({ group }) => ({ GroupId: group })],
  ['CreateVpc', () => ({ CidrBlock: '10.0.0.0/16' })],
  ['CreateSubnet', ({ vpc }) => ({ VpcId: vpc, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'test-1a' })],
  ['DeleteSubnet', ({ fresh }) => ({ SubnetId: fresh })],
  ['DeleteVpc', ({ vpc }) => ({ VpcId: vpc })],
  ['CreatePlacementGroup', () => ({ GroupName: 'apart', Strategy: 'spread' })],
  ['DescribePlacementGroups', () => ({ 'GroupName.1': 'apart' })],
  ['DeletePlacementGroup', () => ({ GroupName: 'apart' })],
  ['DeregisterImage', ({ image }) => ({ ImageId: image })],
  ['DeleteKeyPair', ({ keyPair }) => ({ KeyPairId: keyPair })],
]

describe('each action answers as recorded', () => {
  let world: Ec2World
  const named: Named = {
    image: '',
    instance: '',
    subnet: '',
    keyPair: '',
    volume: '',
    snapshot: '',
    group: '',
    vpc: '',
    fresh: '',
  }
  beforeAll(async () => {
    world = await ec2World({ report: error => expect(error).toBeUndefined() })
  })

  test.each(requests)('%s', async (action, form) => {
    const given = form(named)
    const answer = await world.ask({ Action: action, ...given })
    await world.settle()
    named.image ||= textOf(answer.text, 'imageId')
    named.subnet ||= textOf(answer.text, 'subnetId')
    named.instance ||= textOf(answer.text, 'instanceId')
    named.keyPair ||= textOf(answer.text, 'keyPairId')
    if (action === 'CreateVolume') named.volume = textOf(answer.text, 'volumeId')
    if (action === 'CreateSecurityGroup') named.group = textOf(answer.text, 'groupId')
    if (action === 'CreateVpc') named.vpc = textOf(answer.text, 'vpcId')
    if (action === 'CreateSubnet') named.fresh = textOf(answer.text, 'subnetId')
    named.snapshot ||= textOf(answer.text, 'snapshotId')
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/xml;charset=UTF-8')
    await expect(recorded({ Action: action, ...given }, answer.text)).toMatchFileSnapshot(
      join(import.meta.dirname, 'goldens', `${action}.txt`),
    )
  })

  test('GetCallerIdentity', async () => {
    const form = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
    const answer = await world.ask(form, { service: 'sts' })
    await expect(recorded(form, answer.text)).toMatchFileSnapshot(join(import.meta.dirname, 'goldens', 'GetCallerIdentity.txt'))
  })

  test('and no action is without its record', () => {
    expect([...requests.map(([action]) => action), 'GetCallerIdentity'].sort()).toEqual(
      Object.values(actions).flatMap(Object.keys).sort(),
    )
  })
})

/** Request and answer, a line each parameter and element; what is of chance is numbered in the order of its coming. */
function recorded(form: Form, xml: string): string {
  const lines = xml
    .replace(/-----BEGIN[^<]*/, '[private key]')
    .replace(/(<keyFingerprint>)[^<]*/, '$1[fingerprint]')
    .replaceAll('><', '>\n<')
  const seen = new Map<string, Map<string, number>>()
  const numbered = (text: string) =>
    text
      .replace(
        /\b(i|r|eni|eni-attach|vpc|vpc-cidr-assoc|subnet|sg|sgr|ami|key|pg|vol|snap)-[0-9a-f]{17}\b/g,
        (id, prefix: string) => {
          const numbers = seen.get(prefix) ?? new Map<string, number>()
          seen.set(prefix, numbers)
          numbers.set(id, numbers.get(id) ?? numbers.size + 1)
          return `${prefix}-{${numbers.get(id)}}`
        },
      )
      .replace(/\b(usr|zon|prj)_[0-9a-z]{20}\b/g, '$1_{}')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '{request}')
      .replace(/\b[0-9]{12}\b/g, account => (account === '000000000000' ? account : '{account}'))
      .replace(/\b02(:[0-9a-f]{2}){5}\b/g, '{mac}')
      .replace(/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}([T ])[0-9:.]+Z?/g, '{time}')
  const request = Object.entries(form).map(([name, value]) => `${name}=${value}`)
  return `${numbered([...request, '', ...lines.split('\n')].join('\n'))}\n`
}
