import { signed } from '@sirocco/control/dialects/ec2/testing/sign.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Ec2World, ec2World, endpoint, key, region, textOf, textsOf } from './world.ts'

let world: Ec2World
let image: string
beforeEach(async () => {
  world = await ec2World({ report: () => {} })
  image = textOf((await world.ask({ Action: 'DescribeImages' })).text, 'imageId')
})

type Form = Readonly<Record<string, string>>
const launch = (more: Form = {}) =>
  world.ask({ Action: 'RunInstances', ImageId: image, InstanceType: 't3.pico', MinCount: '1', MaxCount: '1', ...more })
const launched = async (more: Form = {}) => textsOf((await launch(more)).text, 'instanceId')
const errorOf = (answer: { status: number; text: string }) => [answer.status, textOf(answer.text, 'Code')]
const named = (name: string, type = 'instance'): Form => ({
  'TagSpecification.1.ResourceType': type,
  'TagSpecification.1.Tag.1.Key': 'Name',
  'TagSpecification.1.Tag.1.Value': name,
})

describe('placement groups', () => {
  const groupNamed = (Action: string, GroupName: string, more: Form = {}) => world.ask({ Action, GroupName, ...more })
  test('are made, launched into, shown, and deleted when empty', async () => {
    const made = await groupNamed('CreatePlacementGroup', 'web', { Strategy: 'spread' })
    expect([textOf(made.text, 'groupName'), textOf(made.text, 'strategy')]).toEqual(['web', 'spread'])
    expect(errorOf(await groupNamed('CreatePlacementGroup', 'web', { Strategy: 'cluster' }))).toEqual([
      400,
      'InvalidPlacementGroup.Duplicate',
    ])
    expect(errorOf(await groupNamed('CreatePlacementGroup', 'p', { Strategy: 'partition' }))).toEqual([
      400,
      'InvalidParameterValue',
    ])
    const into = await launch({ 'Placement.GroupName': 'web' })
    expect(textOf(into.text, 'groupName')).toBe('web')
    const found = await world.ask({
      Action: 'DescribeInstances',
      'Filter.1.Name': 'placement-group-name',
      'Filter.1.Value.1': 'web',
    })
    expect(textsOf(found.text, 'instanceId')).toHaveLength(1)
    expect(textsOf((await world.ask({ Action: 'DescribePlacementGroups' })).text, 'groupName')).toEqual(['web'])
    expect(errorOf(await groupNamed('DeletePlacementGroup', 'web'))).toEqual([400, 'InvalidPlacementGroup.InUse'])
    expect(errorOf(await groupNamed('DeletePlacementGroup', 'no'))).toEqual([400, 'InvalidPlacementGroup.Unknown'])
    expect(errorOf(await world.ask({ Action: 'DescribePlacementGroups', 'GroupName.1': 'no' }))).toEqual([
      400,
      'InvalidPlacementGroup.Unknown',
    ])
    expect(errorOf(await launch({ 'Placement.GroupName': 'no' }))).toEqual([400, 'InvalidPlacementGroup.Unknown'])
    expect((await launch({ 'Placement.GroupName': '' })).status).toBe(200)
  })
})

describe('RunInstances', () => {
  test('takes subnet and default group in the form of a network interface, as ansible sends it', async () => {
    const subnet = textOf((await world.ask({ Action: 'DescribeSubnets' })).text, 'subnetId')
    const group = textOf((await world.ask({ Action: 'DescribeSecurityGroups' })).text, 'groupId')
    const nic = {
      'NetworkInterface.1.DeviceIndex': '0',
      'NetworkInterface.1.SubnetId': subnet,
      'NetworkInterface.1.SecurityGroupId.1': group,
    }
    const answer = await launch({ ...nic, ...named('a', 'volume'), 'TagSpecification.2.ResourceType': 'instance' })
    expect(answer.status).toBe(200)
    expect(textOf(answer.text, 'subnetId')).toBe(subnet)
    expect(errorOf(await launch({ ...nic, SubnetId: subnet }))).toEqual([400, 'InvalidParameterCombination'])
    expect(errorOf(await launch({ ...nic, 'NetworkInterface.1.DeviceIndex': '1' }))).toEqual([400, 'UnsupportedOperation'])
  })

  test.each<[string, Form, string]>([
    ['a disk where its seed is', { 'BlockDeviceMapping.1.DeviceName': '/dev/vdb' }, 'InvalidBlockDeviceMapping'],
    ['what it cannot give', { 'BlockDeviceMapping.1.VirtualName': 'ephemeral0' }, 'UnsupportedOperation'],
    ['protection that would not protect', { DisableApiStop: 'true' }, 'UnsupportedOperation'],
    ['another tenancy', { 'Placement.Tenancy': 'dedicated' }, 'UnsupportedOperation'],
    ['a firewall that is not there', { 'SecurityGroup.1': 'web' }, 'InvalidGroup.NotFound'],
    ['what nobody knows', { Flavour: 'x' }, 'UnknownParameter'],
    ['what nobody knows, inside', { 'Placement.Planet': 'x' }, 'UnknownParameter'],
    ['counts that are none', { MinCount: '0' }, 'InvalidParameterValue'],
    ['a least above the most', { MinCount: '2', MaxCount: '1' }, 'InvalidParameterValue'],
    ['user-data that is no base64', { UserData: '%%%' }, 'InvalidParameterValue'],
    ['user-data of more than 16 KiB', { UserData: btoa('x'.repeat(limits.userDataBytes + 1)) }, 'InvalidParameterValue'],
    ['a zone that is not there', { 'Placement.AvailabilityZone': 'test-1z' }, 'InvalidParameterValue'],
    ['a subnet that is not there', { SubnetId: `subnet-${'0'.repeat(17)}` }, 'InvalidSubnetID.NotFound'],
    ['tags of what it does not make', named('x', 'elastic-ip'), 'InvalidParameterValue'],
    [
      'tags that belong to the platform',
      { 'TagSpecification.1.ResourceType': 'instance', 'TagSpecification.1.Tag.1.Key': 'aws:x' },
      'InvalidParameterValue',
    ],
    ['a list where a value belongs', { 'ImageId.1': 'x', ImageId: '' }, 'MalformedQueryString'],
    ['a token that is too long', { ClientToken: 'x'.repeat(65) }, 'InvalidParameterValue'],
  ])('refuses %s, and launches nothing', async (_what, form, code) => {
    expect(errorOf(await launch(form))).toEqual([400, code])
    expect(textsOf((await world.ask({ Action: 'DescribeInstances' })).text, 'instanceId')).toEqual([])
  })

  test('ignores what changes nothing here', async () => {
    const harmless = {
      'Monitoring.Enabled': 'true',
      EbsOptimized: 'True',
      'MetadataOptions.HttpTokens': 'required',
      DisableApiTermination: 'false',
      'Placement.Tenancy': 'default',
      'SecurityGroup.1': 'default',
    }
    expect((await launch(harmless)).status).toBe(200)
  })

  test('names a missing parameter', async () => {
    const answer = await world.ask({ Action: 'RunInstances', MinCount: '1', MaxCount: '1' })
    expect(errorOf(answer)).toEqual([400, 'MissingParameter'])
    expect(textOf(answer.text, 'Message')).toContain('ImageId')
  })

  test('says that there is no room, with a status that SDKs try again', async () => {
    expect(errorOf(await launch({ InstanceType: 'm5.xlarge', MinCount: '50', MaxCount: '50' }))).toEqual([
      500,
      'InsufficientInstanceCapacity',
    ])
  })

  test('lands once for a token, also when asked at once', async () => {
    const both = await Promise.all([launched({ ClientToken: 't' }), launched({ ClientToken: 't' })])
    expect(both[0]).toEqual(both[1])
    expect(textsOf((await world.ask({ Action: 'DescribeInstances' })).text, 'instanceId')).toEqual(both[0])
  })

  test('answers a dry run without a machine', async () => {
    expect(errorOf(await launch({ DryRun: 'True' }))).toEqual([412, 'DryRunOperation'])
    expect(textsOf((await world.ask({ Action: 'DescribeInstances' })).text, 'instanceId')).toEqual([])
  })
})

test('an instance that is protected from termination outlives it until the attribute is taken off', async () => {
  const [instance = ''] = await launched({ DisableApiTermination: 'true' })
  const terminate = () => world.ask({ Action: 'TerminateInstances', 'InstanceId.1': instance })
  const modify = (form: Form) => world.ask({ Action: 'ModifyInstanceAttribute', InstanceId: instance, ...form })
  expect(errorOf(await terminate())).toEqual([400, 'OperationNotPermitted'])
  const attribute = { Action: 'DescribeInstanceAttribute', InstanceId: instance, Attribute: 'disableApiTermination' }
  expect(textOf((await world.ask(attribute)).text, 'value')).toBe('true')
  expect(errorOf(await modify({ 'InstanceType.Value': 't3.nano' }))).toEqual([400, 'IncorrectInstanceState'])
  expect(errorOf(await modify({}))).toEqual([400, 'MissingParameter'])
  expect((await modify({ Attribute: 'disableApiTermination', Value: 'false' })).status).toBe(200)
  expect((await terminate()).status).toBe(200)
})

test('an instance hibernates and goes on', async () => {
  const [instance = ''] = await launched()
  await world.settle()
  const state = async () => textOf((await world.ask({ Action: 'DescribeInstances', 'InstanceId.1': instance })).text, 'name')
  expect((await world.ask({ Action: 'StopInstances', 'InstanceId.1': instance, Hibernate: 'true' })).status).toBe(200)
  expect(await state()).toBe('stopping')
  await world.settle()
  expect(await state()).toBe('stopped')
  const told = (await world.ask({ Action: 'DescribeInstances', 'InstanceId.1': instance })).text
  expect(told).toContain('Client.UserInitiatedHibernate')
  expect((await world.ask({ Action: 'StartInstances', 'InstanceId.1': instance })).status).toBe(200)
  await world.settle()
  expect(await state()).toBe('running')
})

describe('a key of a viewer', () => {
  beforeEach(async () => {
    await world.client.execute("UPDATE membership SET role = 'viewer'")
  })
  test('sees, and changes nothing, not even in a dry run', async () => {
    expect((await world.ask({ Action: 'DescribeInstances' })).status).toBe(200)
    expect(errorOf(await world.ask({ Action: 'DescribeInstances', DryRun: 'true' }))).toEqual([412, 'DryRunOperation'])
    expect(errorOf(await launch())).toEqual([403, 'UnauthorizedOperation'])
    expect(errorOf(await launch({ DryRun: 'true' }))).toEqual([403, 'UnauthorizedOperation'])
    expect(errorOf(await world.ask({ Action: 'CreateKeyPair', KeyName: 'x' }))).toEqual([403, 'UnauthorizedOperation'])
  })
})

describe('DescribeInstances', () => {
  const describeInstances = (form: Form = {}) => world.ask({ Action: 'DescribeInstances', ...form })
  const filter = (name: string, ...values: string[]): Form =>
    Object.fromEntries([['Filter.1.Name', name], ...values.map((value, i) => [`Filter.1.Value.${i + 1}`, value])])

  test('groups by launch, oldest first, and pages through all of it once', async () => {
    const earlier = await launched({ MinCount: '4', MaxCount: '4' })
    world.clock.at += 1
    const ids = [...earlier, ...(await launched({ MinCount: '3', MaxCount: '3' }))]
    const whole = await describeInstances()
    expect(textsOf(whole.text, 'instanceId')).toEqual(ids)
    expect(textsOf(whole.text, 'reservationId')).toHaveLength(2)

    const first = await describeInstances({ MaxResults: '5' })
    const rest = await describeInstances({ MaxResults: '5', NextToken: textOf(first.text, 'nextToken') })
    expect([...textsOf(first.text, 'instanceId'), ...textsOf(rest.text, 'instanceId')].sort()).toEqual(ids.sort())
    expect(rest.text).not.toContain('nextToken')
    expect((await describeInstances({ MaxResults: '7' })).text).not.toContain('nextToken')
  })

  test.each([
    ['a token of nobody', { NextToken: 'rubbish' }, 'InvalidPaginationToken'],
    ['pages below 5', { MaxResults: '4' }, 'InvalidParameterValue'],
    ['pages above 1,000', { MaxResults: '1001' }, 'InvalidParameterValue'],
    ['pages of named instances', { MaxResults: '5', 'InstanceId.1': `i-${'0'.repeat(17)}` }, 'InvalidParameterCombination'],
    ['a filter of nobody', { 'Filter.1.Name': 'colour', 'Filter.1.Value.1': 'red' }, 'InvalidParameterValue'],
    ['an id of another shape', { 'InstanceId.1': "i-1' OR 1=1" }, 'InvalidInstanceID.Malformed'],
  ])('refuses %s', async (_what, form, code) => {
    expect(errorOf(await describeInstances(form))).toEqual([400, code])
  })

  test('finds by what clients filter by', async () => {
    const [web = ''] = await launched({ ...named('web'), ClientToken: 'tok' })
    world.clock.at += 1
    const [db = ''] = await launched({ ...named('db'), InstanceType: 't3.nano' })
    await world.settle()
    await world.ask({ Action: 'StopInstances', 'InstanceId.1': db })
    await world.settle()
    const address = textOf((await describeInstances({ 'InstanceId.1': web })).text, 'privateIpAddress')
    const found = async (form: Form) => textsOf((await describeInstances(form)).text, 'instanceId')
    for (const form of [
      filter('instance-id', web),
      filter('instance-state-name', 'running', 'pending'),
      filter('instance-state-code', '16'),
      filter('instance-type', 't3.p*'),
      filter('tag:Name', 'w?b'),
      filter('tag-value', 'web'),
      filter('private-ip-address', address),
      filter('private-dns-name', `ip-${address.replaceAll('.', '-')}.*`),
      filter('client-token', 'tok'),
    ])
      expect(await found(form), JSON.stringify(form)).toEqual([web])
    for (const form of [
      filter('image-id', image),
      filter('tag-key', 'Name'),
      filter('availability-zone', 'test-1a'),
      filter('vpc-id', 'vpc-*'),
    ])
      expect(await found(form), JSON.stringify(form)).toEqual([web, db])
    for (const form of [
      filter('key-name', 'x'),
      filter('dns-name', '*'),
      filter('tag:name', 'web'),
      filter('reservation-id', 'r-0'),
    ])
      expect(await found(form), JSON.stringify(form)).toEqual([])
  })

  test('shows one that never ran as terminated, with its reason, so that waiters end', async () => {
    const [id = ''] = await launched()
    await world.fail(id, { code: 'capacity', message: 'no host has room' })
    const { text } = await describeInstances({ 'InstanceId.1': id })
    expect(text).toContain('<code>48</code><name>terminated</name>')
    expect(text).toContain('<code>Server.InsufficientInstanceCapacity</code>')
  })

  test('still shows the terminated for a while', async () => {
    const [id = ''] = await launched()
    await world.ask({ Action: 'TerminateInstances', 'InstanceId.1': id })
    await world.settle()
    expect((await describeInstances()).text).toContain('<name>terminated</name>')
    const again = await world.ask({ Action: 'TerminateInstances', 'InstanceId.1': id })
    expect(again.text).toContain('<previousState><code>48</code>')
  })
})

describe('DescribeInstanceStatus', () => {
  test('is of the running ones unless all are asked for', async () => {
    const [id = ''] = await launched()
    const status = (form: Form = {}) => world.ask({ Action: 'DescribeInstanceStatus', 'InstanceId.1': id, ...form })
    expect(textsOf((await status()).text, 'instanceId')).toEqual([])
    expect((await status({ IncludeAllInstances: 'true' })).text).toContain('<instanceStatus><status>not-applicable</status>')
    await world.settle()
    expect((await status()).text).toContain('<instanceStatus><status>ok</status>')
  })
  test('says that it does not know while the agent is silent, and the state stays as last known', async () => {
    const [id = ''] = await launched()
    await world.settle()
    await world.client.execute({ sql: 'UPDATE agent SET silentSince = ?', args: [world.clock.at] })
    const { text } = await world.ask({ Action: 'DescribeInstanceStatus', 'InstanceId.1': id })
    expect(text).toContain('<instanceState><code>16</code><name>running</name></instanceState>')
    expect(text).toContain('<instanceStatus><status>insufficient-data</status>')
    expect(text).toContain('<systemStatus><status>impaired</status>')
  })
})

describe('tags', () => {
  test('of what is not there name the kind of what is missing', async () => {
    const tag = { 'Tag.1.Key': 'a', 'Tag.1.Value': 'b' }
    const missing = (id: string) => world.ask({ Action: 'CreateTags', 'ResourceId.1': id, ...tag })
    expect(errorOf(await missing(`i-${'0'.repeat(17)}`))).toEqual([400, 'InvalidInstanceID.NotFound'])
    expect(errorOf(await missing(`vpc-${'0'.repeat(17)}`))).toEqual([400, 'InvalidVpcID.NotFound'])
    expect(errorOf(await missing('nothing'))).toEqual([400, 'InvalidID'])
  })
  test('may hold what markup is made of, and page whatever is in their keys', async () => {
    const [id = ''] = await launched()
    const keys = ['<a>', 'b&c', "d'", 'e"f', 'g|h|i', 'j]]>', 'k|l']
    const form = Object.fromEntries(
      keys.flatMap((key, i) => [
        [`Tag.${i + 1}.Key`, key],
        [`Tag.${i + 1}.Value`, key],
      ]),
    )
    expect((await world.ask({ Action: 'CreateTags', 'ResourceId.1': id, ...form })).status).toBe(200)
    const first = await world.ask({ Action: 'DescribeTags', MaxResults: '5' })
    const rest = await world.ask({ Action: 'DescribeTags', MaxResults: '5', NextToken: textOf(first.text, 'nextToken') })
    expect(textsOf(first.text, 'key')).toHaveLength(5)
    expect(textsOf(rest.text, 'key')).toEqual(['j]]&gt;', 'k|l'])
  })
})

describe('a tag key that JavaScript has plans for', () => {
  test('is a key like any other, or refused, never lost', async () => {
    const [id = ''] = await launched()
    const tag = (Key: string) => world.ask({ Action: 'CreateTags', 'ResourceId.1': id, 'Tag.1.Key': Key, 'Tag.1.Value': 'x' })
    expect((await tag('constructor')).status).toBe(200)
    expect(errorOf(await tag('__proto__'))).toEqual([400, 'InvalidParameterValue'])
    const found = await world.ask({ Action: 'DescribeInstances', 'Filter.1.Name': 'tag:constructor', 'Filter.1.Value.1': 'x' })
    expect(textsOf(found.text, 'instanceId')).toEqual([id])
  })
})

describe('the endpoint', () => {
  const send = (request: Request) =>
    Promise.resolve(world.app.fetch(request)).then(async answer => ({ status: answer.status, text: await answer.text() }))
  const signer = () => ({ ...key, region, now: world.clock.at })

  test('answers each request with an id of its own, and nothing that may be cached', async () => {
    const [a, b] = [await world.ask({ Action: 'DescribeRegions' }), await world.ask({ Action: 'DescribeRegions' })]
    expect(textOf(a.text, 'requestId')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(textOf(a.text, 'requestId')).not.toBe(textOf(b.text, 'requestId'))
    expect(a.headers.get('x-amzn-requestid')).toBe(textOf(a.text, 'requestId'))
    expect(a.headers.get('cache-control')).toBe('no-store')
  })
  test('takes the many signed headers of the JavaScript SDK', async () => {
    const body = 'Action=DescribeRegions&Version=2016-11-15'
    const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(body))).toString('hex')
    const more = {
      'amz-sdk-invocation-id': 'x',
      'amz-sdk-request': 'attempt=1; max=3',
      'content-length': String(body.length),
      'x-amz-content-sha256': sha256,
      'x-amz-user-agent': 'aws-sdk-js/3',
    }
    expect((await send(signed(endpoint, body, signer(), more))).status).toBe(200)
    const other = { ...more, 'x-amz-content-sha256': sha256.replace(/^./, (first: string) => (first === '0' ? '1' : '0')) }
    expect(errorOf(await send(signed(endpoint, body, signer(), other)))).toEqual([403, 'SignatureDoesNotMatch'])
  })
  test('refuses what is unsigned, elsewhere, without action or too large', async () => {
    expect(errorOf(await send(new Request(endpoint, { method: 'POST', body: 'Action=DescribeInstances' })))).toEqual([
      403,
      'MissingAuthenticationToken',
    ])
    expect(errorOf(await send(new Request(`${endpoint}elsewhere`)))).toEqual([400, 'InvalidAction'])
    expect(errorOf(await world.ask({}))).toEqual([400, 'MissingAction'])
    expect(errorOf(await world.ask({ Action: 'constructor' }))).toEqual([400, 'InvalidAction'])
    expect(errorOf(await world.ask({ Action: '<script>' }))).toEqual([400, 'InvalidAction'])
    expect(errorOf(await send(new Request(endpoint, { method: 'POST', body: 'x'.repeat(limits.requestBytes + 1) })))).toEqual([
      413,
      'RequestEntityTooLarge',
    ])
  })
  test('keeps each service to its own signatures', async () => {
    expect(errorOf(await world.ask({ Action: 'GetCallerIdentity' }))).toEqual([400, 'InvalidAction'])
    expect(errorOf(await world.ask({ Action: 'DescribeInstances' }, { service: 'sts' }))).toEqual([400, 'InvalidAction'])
  })
  test('shows nothing of what went wrong inside', async () => {
    const reported: unknown[] = []
    const broken = await ec2World({ report: error => reported.push(error) })
    Object.assign(broken.store.regions, {
      list: () => {
        throw new Error('the password is 1234')
      },
    })
    const answer = await broken.ask({ Action: 'DescribeRegions' })
    expect(errorOf(answer)).toEqual([500, 'InternalError'])
    expect(answer.text).not.toContain('1234')
    expect(reported).toHaveLength(1)
  })
})
