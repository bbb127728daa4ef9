import { actions, services } from '@sirocco/control/dialects/ec2/actions.ts'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { fuzz } from '../../support/fuzz.ts'
import { hostileText } from '../../support/near-valid.ts'
import { type Ec2World, ec2World, endpoint, textOf } from './world.ts'

/** Names of parameters that actions read; each may also come with an index, a nested name, or as nobody meant. */
const names = [
  'ImageId',
  'InstanceType',
  'MinCount',
  'MaxCount',
  'InstanceId',
  'InstanceId.1',
  'InstanceId.x',
  'VolumeId',
  'VolumeId.1',
  'SnapshotId',
  'Size',
  'Device',
  'AvailabilityZone',
  'KeyName',
  'KeyName.1',
  'PublicKeyMaterial',
  'UserData',
  'ClientToken',
  'Filter.1.Name',
  'Filter.1.Value.1',
  'Filter.0.Name',
  'MaxResults',
  'NextToken',
  'DryRun',
  'ResourceId.1',
  'Tag.1.Key',
  'Tag.1.Value',
  'TagSpecification.1.ResourceType',
  'TagSpecification.1.Tag.1.Key',
  'BlockDeviceMapping.1.DeviceName',
  'BlockDeviceMapping.1.Ebs.VolumeSize',
  'BlockDeviceMapping.1.Ebs.SnapshotId',
  'NetworkInterface.1.SubnetId',
  'NetworkInterface.1.DeviceIndex',
  'SecurityGroupId.1',
  'GroupId',
  'GroupName',
  'GroupDescription',
  'Description',
  'VpcId',
  'IpPermissions.1.IpProtocol',
  'IpPermissions.1.FromPort',
  'IpPermissions.1.ToPort',
  'IpPermissions.1.IpRanges.1.CidrIp',
  'IpPermissions.1.UserIdGroupPairs.1.GroupId',
  'Attribute',
  'InstanceType.Value',
  'Strategy',
  'Force',
  'Name',
] as const

const all = services.flatMap(service => Object.keys(actions[service]).map(action => ({ service, action })))

let world: Ec2World
const wrong: unknown[] = []
let known: string[] = []
beforeAll(async () => {
  world = await ec2World({ report: error => wrong.push(error) })
  const image = textOf((await world.ask({ Action: 'DescribeImages' })).text, 'imageId')
  const launched = await world.ask({
    Action: 'RunInstances',
    ImageId: image,
    InstanceType: 't3.pico',
    MinCount: '1',
    MaxCount: '1',
  })
  await world.settle()
  known = [
    image,
    textOf(launched.text, 'instanceId'),
    textOf((await world.ask({ Action: 'DescribeVolumes' })).text, 'volumeId'),
    textOf((await world.ask({ Action: 'DescribeSecurityGroups' })).text, 'groupId'),
    textOf((await world.ask({ Action: 'DescribeSubnets' })).text, 'subnetId'),
    textOf((await world.ask({ Action: 'DescribeAvailabilityZones' })).text, 'zoneName'),
    't3.pico',
    '1',
    '8',
    'tcp',
    '22',
    'true',
    '10.0.0.0/8',
    'instance',
    'Name',
    '/dev/sdf',
  ]
})

const name = fc.oneof({ weight: 12, arbitrary: fc.constantFrom<string>(...names) }, hostileText)
const value = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 1_000 }).map(n => known[n % known.length] ?? '') }, hostileText)
const form = fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true })

/** What every client parses of an answer: one document, an error with its code where it is none. */
function expectAnswer({ status, text }: { readonly status: number; readonly text: string }): void {
  expect(status, text).toBeLessThan(500)
  expect(text).toMatch(status === 200 ? /^<\?xml [^>]*>\s*<\w+Response / : /<Code>[\w.]+<\/Code><Message>[^<]+<\/Message>/)
  // XML 1.0 has no place for these (section 2.2).
  expect(text).not.toMatch(/[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]/)
}

describe('whatever its parameters, an action answers as EC2 does:', () => {
  test.for(all.filter(({ service }) => service === 'ec2'))('$action', async ({ action }) => {
    await fc.assert(
      fc.asyncProperty(form, async given => expectAnswer(await world.ask({ ...given, Action: action }))),
      fuzz(30),
    )
    expect(wrong).toEqual([])
  })
})

test('no authorization, query or body of any bytes brings it down', async () => {
  const tries = fc.record({
    authorization: fc.oneof(
      fc.constant('AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/test-1/ec2/aws4_request, SignedHeaders=host, Signature=0'),
      fc.string(),
      fc
        .tuple(hostileText, hostileText, hostileText)
        .map(
          ([a, b, c]) =>
            `AWS4-HMAC-SHA256 Credential=${encodeURIComponent(a.toWellFormed())}, SignedHeaders=${encodeURIComponent(b.toWellFormed())}, Signature=${encodeURIComponent(c.toWellFormed())}`,
        ),
    ),
    query: hostileText,
    body: fc.uint8Array({ maxLength: 200 }),
  })
  await fc.assert(
    fc.asyncProperty(tries, async ({ authorization, query, body }) => {
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await world.app.fetch(new Request(`${endpoint}?${query.toWellFormed()}`, { method: 'POST', headers, body }))
      expectAnswer({ status: answer.status, text: await answer.text() })
    }),
    fuzz(500),
  )
  expect(wrong).toEqual([])
})
