import { beforeEach, describe, expect, test } from 'vitest'
import { type Ec2World, ec2World, textOf, textsOf } from './world.ts'

type Form = Readonly<Record<string, string>>

let world: Ec2World
let image: string
beforeEach(async () => {
  world = await ec2World({ report: error => expect(error).toBeUndefined() })
  image = textOf((await ask('DescribeImages')).text, 'imageId')
})

const ask = (Action: string, form: Form = {}) => world.ask({ Action, ...form })
const errorOf = (answer: { status: number; text: string }) => [answer.status, textOf(answer.text, 'Code')]
const nobody = `vol-${'0'.repeat(17)}`

async function launched(more: Form = {}): Promise<string> {
  const { text } = await ask('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount: '1', MaxCount: '1', ...more })
  await world.settle()
  return textOf(text, 'instanceId')
}
async function made(more: Form = {}): Promise<string> {
  const { text } = await ask('CreateVolume', { AvailabilityZone: 'test-1a', Size: '1', ...more })
  await world.settle()
  return textOf(text, 'volumeId')
}
async function attached(): Promise<{ readonly instance: string; readonly volume: string }> {
  const instance = await launched()
  const volume = await made()
  expect((await ask('AttachVolume', { VolumeId: volume, InstanceId: instance, Device: '/dev/sdf' })).status).toBe(200)
  await world.settle()
  return { instance, volume }
}
const shown = async (volume: string) => (await ask('DescribeVolumes', { 'VolumeId.1': volume })).text
const filter = (name: string, ...values: string[]): Form =>
  Object.fromEntries([['Filter.1.Name', name], ...values.map((value, i) => [`Filter.1.Value.${i + 1}`, value])])

test('a volume is made, given to an instance, taken from it and deleted', async () => {
  const instance = await launched()
  const volume = await made()
  expect(textOf(await shown(volume), 'status')).toBe('available')

  const attaching = await ask('AttachVolume', { VolumeId: volume, InstanceId: instance, Device: '/dev/sdf' })
  expect([textOf(attaching.text, 'status'), textOf(attaching.text, 'device')]).toEqual(['attaching', '/dev/vdf'])
  await world.settle()
  expect(textsOf(await shown(volume), 'status')).toEqual(['in-use', 'attached'])
  const { text } = await ask('DescribeInstances', { 'InstanceId.1': instance })
  expect(textsOf(text, 'deviceName')).toEqual(['/dev/vda', '/dev/vdf'])

  const detaching = await ask('DetachVolume', { VolumeId: volume, InstanceId: instance, Device: '/dev/sdf' })
  expect(textOf(detaching.text, 'status')).toBe('detaching')
  expect(textOf(await shown(volume), 'status')).toBe('in-use')
  await world.settle()
  expect(textOf(await shown(volume), 'status')).toBe('available')

  expect((await ask('DeleteVolume', { VolumeId: volume })).status).toBe(200)
  expect(textOf(await shown(volume), 'status')).toBe('deleting')
  await world.settle()
  expect(errorOf(await ask('DescribeVolumes', { 'VolumeId.1': volume }))).toEqual([400, 'InvalidVolume.NotFound'])
  expect(errorOf(await ask('DeleteVolume', { VolumeId: volume }))).toEqual([400, 'InvalidVolume.NotFound'])
  expect((await ask('DescribeVolumes', filter('volume-id', volume))).text).not.toContain(volume)
})

describe('CreateVolume', () => {
  test('lands once for a token, with its tags', async () => {
    const form = {
      ClientToken: 'once',
      'TagSpecification.1.ResourceType': 'volume',
      'TagSpecification.1.Tag.1.Key': 'Name',
      'TagSpecification.1.Tag.1.Value': 'data',
    }
    const volume = await made(form)
    expect(await made(form)).toBe(volume)
    expect(textsOf((await ask('DescribeVolumes', filter('tag:Name', 'da*'))).text, 'volumeId')).toEqual([volume])
    const tags = await ask('DescribeTags', filter('resource-type', 'volume'))
    expect([textOf(tags.text, 'resourceId'), textOf(tags.text, 'value')]).toEqual([volume, 'data'])
  })
  test.each<[string, Form, string]>([
    ['no size', { AvailabilityZone: 'test-1a' }, 'MissingParameter'],
    ['no zone', { Size: '1' }, 'MissingParameter'],
    ['a zone that is not there', { Size: '1', AvailabilityZone: 'test-1z' }, 'InvalidParameterValue'],
    ['no GiB at all', { Size: '0', AvailabilityZone: 'test-1a' }, 'InvalidParameterValue'],
    ['encryption', { Size: '1', AvailabilityZone: 'test-1a', Encrypted: 'true' }, 'UnsupportedOperation'],
    [
      'a snapshot that is not there',
      { SnapshotId: `snap-${'0'.repeat(17)}`, AvailabilityZone: 'test-1a' },
      'InvalidSnapshot.NotFound',
    ],
    ['a snapshot that is none', { SnapshotId: 'x', AvailabilityZone: 'test-1a' }, 'InvalidSnapshotID.Malformed'],
  ])('refuses %s', async (_what, form, code) => {
    expect(errorOf(await ask('CreateVolume', form))).toEqual([400, code])
  })
})

describe('AttachVolume', () => {
  test('refuses with the codes that clients know', async () => {
    const { instance, volume } = await attached()
    const other = await made()
    const refused = async (form: Form) =>
      errorOf(await ask('AttachVolume', { InstanceId: instance, Device: '/dev/sdg', ...form }))
    expect(await refused({ VolumeId: volume })).toEqual([400, 'VolumeInUse'])
    expect(await refused({ VolumeId: nobody })).toEqual([400, 'InvalidVolume.NotFound'])
    expect(await refused({ VolumeId: 'vol-x' })).toEqual([400, 'InvalidParameterValue'])
    expect(await refused({ VolumeId: other, InstanceId: `i-${'0'.repeat(17)}` })).toEqual([400, 'InvalidInstanceID.NotFound'])
    expect(await refused({ VolumeId: other, Device: '/dev/xvdf' })).toEqual([400, 'InvalidParameterValue'])
    expect(await refused({ VolumeId: other, Device: '/dev/sdb' })).toEqual([400, 'InvalidParameterValue'])
    await ask('TerminateInstances', { 'InstanceId.1': instance })
    expect(await refused({ VolumeId: other })).toEqual([400, 'IncorrectInstanceState'])
  })
})

test('what is attached is neither deleted nor taken from where it is not', async () => {
  const { instance, volume } = await attached()
  expect(errorOf(await ask('DeleteVolume', { VolumeId: volume }))).toEqual([400, 'VolumeInUse'])
  const detach = async (form: Form) => errorOf(await ask('DetachVolume', { VolumeId: volume, ...form }))
  expect(await detach({ Device: '/dev/sdg' })).toEqual([400, 'InvalidAttachment.NotFound'])
  expect(await detach({ InstanceId: `i-${'0'.repeat(17)}` })).toEqual([400, 'InvalidAttachment.NotFound'])
  expect(await detach({ Force: 'true' })).toEqual([400, 'UnsupportedOperation'])
  const root = textOf((await ask('DescribeVolumes', filter('attachment.device', '/dev/sda1'))).text, 'volumeId')
  expect(errorOf(await ask('DetachVolume', { VolumeId: root, InstanceId: instance }))).toEqual([400, 'IncorrectInstanceState'])
  expect(errorOf(await ask('DetachVolume', { VolumeId: await made() }))).toEqual([400, 'IncorrectState'])
})

test('DescribeVolumes finds by what clients filter by, and pages through all of it once', async () => {
  const { instance, volume } = await attached()
  const free = await made({ Size: '3' })
  const found = async (form: Form) => textsOf((await ask('DescribeVolumes', form)).text, 'volumeId')
  for (const form of [
    { ...filter('attachment.instance-id', instance), 'Filter.2.Name': 'attachment.device', 'Filter.2.Value.1': '/dev/sdf' },
    { ...filter('attachment.delete-on-termination', 'false') },
    { ...filter('attachment.device', '/dev/vdf') },
    { 'VolumeId.1': volume, ...filter('status', 'in-use') },
  ])
    expect(new Set(await found(form)), JSON.stringify(form)).toEqual(new Set([volume]))
  expect(await found(filter('status', 'available'))).toEqual([free])
  expect(await found(filter('size', '3'))).toEqual([free])
  expect(await found(filter('encrypted', 'true'))).toEqual([])
  expect(errorOf(await ask('DescribeVolumes', filter('colour', 'red')))).toEqual([400, 'InvalidParameterValue'])
  expect(errorOf(await ask('DescribeVolumes', { MaxResults: '5', 'VolumeId.1': volume }))).toEqual([
    400,
    'InvalidParameterCombination',
  ])
  for (let i = 0; i < 4; i++) await made()
  const unattached = (form: Form) => ask('DescribeVolumes', { ...filter('status', 'available'), ...form })
  const first = await unattached({ MaxResults: '5' })
  expect(textsOf(first.text, 'volumeId')).toHaveLength(5)
  const next = textOf(first.text, 'nextToken')
  expect(next === '' ? [] : textsOf((await unattached({ MaxResults: '5', NextToken: next })).text, 'volumeId')).toEqual([])
})

test('a volume becomes larger, and says so until it is', async () => {
  const { volume } = await attached()
  const modified = (form: Form = {}) => ask('DescribeVolumesModifications', form)
  expect(errorOf(await modified({ 'VolumeId.1': volume }))).toEqual([400, 'InvalidVolumeModification.NotFound'])
  expect(errorOf(await ask('ModifyVolume', { VolumeId: volume }))).toEqual([400, 'UnsupportedOperation'])
  expect(errorOf(await ask('ModifyVolume', { VolumeId: volume, Size: '1' }))).toEqual([400, 'InvalidParameterValue'])
  const grown = await ask('ModifyVolume', { VolumeId: volume, Size: '2' })
  expect(['modificationState', 'originalSize', 'targetSize'].map(name => textOf(grown.text, name))).toEqual([
    'modifying',
    '1',
    '2',
  ])
  expect(textOf((await modified(filter('modification-state', 'modifying'))).text, 'volumeId')).toBe(volume)
  await world.settle()
  const after = await modified({ 'VolumeId.1': volume })
  expect([textOf(after.text, 'modificationState'), textOf(after.text, 'originalSize')]).toEqual(['completed', '1'])
  expect(errorOf(await ask('ModifyVolume', { VolumeId: volume, Size: '1' }))).toEqual([400, 'InvalidParameterValue'])

  const unused = await made()
  expect(textOf((await ask('ModifyVolume', { VolumeId: unused, Size: '4' })).text, 'modificationState')).toBe('completed')
  expect(textsOf((await modified()).text, 'volumeId').sort()).toEqual([volume, unused].sort())
})

test('a snapshot is made, becomes a volume, and is deleted', async () => {
  const { volume } = await attached()
  expect(errorOf(await ask('CreateSnapshot', { VolumeId: await made() }))).toEqual([400, 'IncorrectState'])
  const { text } = await ask('CreateSnapshot', {
    VolumeId: volume,
    Description: 'before',
    'TagSpecification.1.ResourceType': 'snapshot',
    'TagSpecification.1.Tag.1.Key': 'Name',
    'TagSpecification.1.Tag.1.Value': 'kept',
  })
  const snapshot = textOf(text, 'snapshotId')
  expect([textOf(text, 'status'), textOf(text, 'volumeId'), textOf(text, 'description')]).toEqual(['pending', volume, 'before'])
  expect(errorOf(await ask('CreateVolume', { AvailabilityZone: 'test-1a', SnapshotId: snapshot }))).toEqual([
    400,
    'IncorrectState',
  ])
  await world.settle()
  const found = async (form: Form) => textsOf((await ask('DescribeSnapshots', form)).text, 'snapshotId')
  for (const form of [
    { 'SnapshotId.1': snapshot },
    { 'Owner.1': 'self' },
    { 'RestorableBy.1': 'self' },
    filter('status', 'completed'),
    filter('description', 'bef*'),
    filter('volume-id', volume),
    filter('tag:Name', 'kept'),
  ])
    expect(await found(form), JSON.stringify(form)).toEqual([snapshot])
  expect(await found({ 'Owner.1': 'amazon' })).toEqual([])

  expect(errorOf(await ask('CreateVolume', { AvailabilityZone: 'test-1b', SnapshotId: snapshot }))).toEqual([
    400,
    'UnsupportedOperation',
  ])
  const copy = await ask('CreateVolume', { AvailabilityZone: 'test-1a', SnapshotId: snapshot })
  expect([textOf(copy.text, 'snapshotId'), textOf(copy.text, 'size')]).toEqual([snapshot, '1'])
  const standing = await ask('DescribeVolumes', filter('snapshot-id', snapshot))
  expect(textsOf(standing.text, 'volumeId')).toEqual([textOf(copy.text, 'volumeId')])
  expect(errorOf(await ask('DeleteSnapshot', { SnapshotId: snapshot }))).toEqual([400, 'InvalidSnapshot.InUse'])
  await world.settle()
  expect(await found(filter('snapshot-id', snapshot))).toEqual([snapshot])
  expect((await ask('DeleteSnapshot', { SnapshotId: snapshot })).status).toBe(200)
  expect(await found({})).toEqual([])
  expect(errorOf(await ask('DeleteSnapshot', { SnapshotId: snapshot }))).toEqual([400, 'InvalidSnapshot.NotFound'])
  expect(errorOf(await ask('DescribeSnapshots', { 'SnapshotId.1': 'snap-x' }))).toEqual([400, 'InvalidSnapshotID.Malformed'])
})

test('all volumes of an instance are kept at one moment', async () => {
  const { instance, volume } = await attached()
  const { text } = await ask('CreateSnapshots', { 'InstanceSpecification.InstanceId': instance, Description: 'all' })
  expect(textsOf(text, 'state')).toEqual(['pending', 'pending'])
  expect(textsOf(text, 'volumeId')).toContain(volume)
  const without = { 'InstanceSpecification.InstanceId': instance, 'InstanceSpecification.ExcludeBootVolume': 'true' }
  expect(errorOf(await ask('CreateSnapshots', without))).toEqual([400, 'UnsupportedOperation'])
})

describe('RunInstances with further volumes', () => {
  const mapped = (n: number, device: string, more: Form = {}): Form =>
    Object.fromEntries([
      [`BlockDeviceMapping.${n}.DeviceName`, device],
      ...Object.entries(more).map(([name, value]) => [`BlockDeviceMapping.${n}.Ebs.${name}`, value]),
    ])
  test('makes them with it, tagged, and deletes them with it unless they are to stay', async () => {
    const instance = await launched({
      ...mapped(1, '/dev/sda1', { VolumeSize: '2' }),
      ...mapped(2, '/dev/sdf', { VolumeSize: '1' }),
      ...mapped(3, '/dev/sdg', { VolumeSize: '1', DeleteOnTermination: 'false' }),
      'TagSpecification.1.ResourceType': 'volume',
      'TagSpecification.1.Tag.1.Key': 'of',
      'TagSpecification.1.Tag.1.Value': 'web',
    })
    const { text } = await ask('DescribeInstances', { 'InstanceId.1': instance })
    expect(textsOf(text, 'deviceName')).toEqual(['/dev/vda', '/dev/vdf', '/dev/vdg'])
    const volumes = await ask('DescribeVolumes', filter('tag:of', 'web'))
    expect(textsOf(volumes.text, 'size').sort()).toEqual(['1', '1', '2'])
    expect(new Set(textsOf(volumes.text, 'instanceId'))).toEqual(new Set([instance]))
    await ask('TerminateInstances', { 'InstanceId.1': instance })
    await world.settle()
    await world.settle()
    const left = await ask('DescribeVolumes')
    expect(textsOf(left.text, 'size')).toEqual(['1'])
    expect(textOf(left.text, 'status')).toBe('available')
  })
  test.each<[string, Form, string]>([
    [
      'two of one name',
      { ...mapped(1, '/dev/sdf', { VolumeSize: '1' }), ...mapped(2, 'xvdf', { VolumeSize: '1' }) },
      'InvalidBlockDeviceMapping',
    ],
    ['one without a size', mapped(1, '/dev/sdf'), 'InvalidBlockDeviceMapping'],
    ['one of no name that a guest knows', mapped(1, '/dev/nvme1', { VolumeSize: '1' }), 'InvalidBlockDeviceMapping'],
    ['one from a snapshot', mapped(1, '/dev/sdf', { SnapshotId: `snap-${'0'.repeat(17)}` }), 'UnsupportedOperation'],
  ])('refuses %s, and launches nothing', async (_what, form, code) => {
    const answer = await ask('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount: '1', MaxCount: '1', ...form })
    expect(errorOf(answer)).toEqual([400, code])
    expect((await ask('DescribeVolumes')).text).toContain('<volumeSet/>')
  })
  test('counts them when it looks for room', async () => {
    const form = mapped(1, '/dev/sdf', { VolumeSize: '16384' })
    const answer = await ask('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount: '1', MaxCount: '1', ...form })
    expect(errorOf(answer)).toEqual([500, 'InsufficientInstanceCapacity'])
  })
})

test('DescribeVolumeStatus says what is known of each', async () => {
  const { volume } = await attached()
  const status = async (form: Form = {}) =>
    textsOf((await ask('DescribeVolumeStatus', { 'VolumeId.1': volume, ...form })).text, 'status')
  expect(await status()).toEqual(['ok', 'passed'])
  await world.client.execute({ sql: 'UPDATE agent SET silentSince = ?', args: [world.clock.at] })
  expect(await status()).toEqual(['insufficient-data', 'insufficient-data'])
  expect(await status(filter('volume-status.status', 'ok'))).toEqual([])
  expect(textsOf(await shown(volume), 'status')).toEqual(['in-use', 'attached'])
})
