import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve } from './serve.ts'
import { type Ec2World, ec2World, key, region } from './world.ts'

// Debian's own: another aws or python3 may come first on PATH.
const aws = '/usr/bin/aws'
const python = '/usr/bin/python3'
/** Another one where libcloud stands in an environment of its own. */
const pythonOfLibcloud = process.env.SIROCCO_LIBCLOUD_PYTHON ?? python

const present = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}
const run = (file: string, args: readonly string[]): Promise<Ended> =>
  new Promise(resolve => {
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: '/nonexistent',
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secret,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
    }
    execFile(file, args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
  })

const hasBoto = present(python) && (await run(python, ['-c', 'import boto3'])).code === 0
const hasLibcloud = present(pythonOfLibcloud) && (await run(pythonOfLibcloud, ['-c', 'import libcloud'])).code === 0
if (!present(aws)) console.log(`skipped: there is no ${aws} (apt install awscli)`)
if (!hasBoto) console.log(`skipped: ${python} has no boto3 (apt install python3-boto3)`)
if (!hasLibcloud) console.log(`skipped: ${pythonOfLibcloud} has no libcloud (apt install python3-libcloud)`)

let world: Ec2World
let served: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  world = await ec2World()
  served = await serve(world)
})
afterAll(() => served.close())

describe.skipIf(!present(aws))('the aws command, unmodified,', () => {
  const command = async (...args: string[]) => {
    const ended = await run(aws, ['--endpoint-url', served.url, '--output', 'json', ...args])
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended.stdout === '' ? null : JSON.parse(ended.stdout)
  }
  const line = async (...args: string[]): Promise<string> => {
    const ended = await run(aws, ['--endpoint-url', served.url, '--output', 'text', ...args])
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended.stdout.trim()
  }
  const refused = async (...args: string[]): Promise<string> => {
    const ended = await run(aws, ['--endpoint-url', served.url, ...args])
    expect(ended.code).toBe(254)
    return /\((\w[\w.]*)\)/.exec(ended.stderr)?.[1] ?? ended.stderr
  }

  test('launches, waits, finds, tags, pages and terminates', async () => {
    const image = await line('ec2', 'describe-images', '--owners', 'amazon', '--query', 'Images[0].ImageId')
    const tags = 'ResourceType=instance,Tags=[{Key=Name,Value=web},{Key=stage,Value=test}]'
    const launch = [
      '--image-id',
      image,
      '--instance-type',
      't3.nano',
      '--count',
      '2',
      '--user-data',
      '#!/bin/sh',
      '--tag-specifications',
      tags,
    ]
    const launched = await command('ec2', 'run-instances', ...launch, '--client-token', 'once')
    const ids: string[] = launched.Instances.map((instance: { InstanceId: string }) => instance.InstanceId)
    expect(ids).toHaveLength(2)
    expect((await command('ec2', 'run-instances', ...launch, '--client-token', 'once')).Instances).toHaveLength(2)

    await command('ec2', 'wait', 'instance-running', '--instance-ids', ...ids)
    await command('ec2', 'wait', 'instance-status-ok', '--instance-ids', ...ids)
    const found = await line(
      'ec2',
      'describe-instances',
      '--filters',
      'Name=tag:Name,Values=w*',
      'Name=instance-state-name,Values=running',
      '--query',
      'Reservations[].Instances[].InstanceId',
    )
    expect(found.split(/\s+/)).toEqual(ids)

    await command('ec2', 'run-instances', ...launch.with(5, '5'))
    expect(await command('ec2', 'describe-instances', '--page-size', '5', '--query', 'length(Reservations[].Instances[])')).toBe(
      7,
    )

    await command('ec2', 'terminate-instances', '--instance-ids', ...ids)
    await command('ec2', 'wait', 'instance-terminated', '--instance-ids', ...ids)
  })

  // Few words each: the command takes a second to begin, and longer on a busy machine. boto3 has the rest.
  test('makes a volume, gives it to an instance, grows it and keeps what it holds', async () => {
    const image = await line('ec2', 'describe-images', '--owners', 'amazon', '--query', 'Images[0].ImageId')
    const mapping = 'DeviceName=/dev/sdc,Ebs={VolumeSize=1,DeleteOnTermination=true}'
    const run = ['ec2', 'run-instances', '--image-id', image, '--instance-type', 't3.nano']
    const instance = await line(...run, '--block-device-mappings', mapping, '--query', 'Instances[0].InstanceId')
    const volume = await line('ec2', 'create-volume', '--availability-zone', 'test-1a', '--size', '1', '--query', 'VolumeId')
    await command('ec2', 'attach-volume', '--volume-id', volume, '--instance-id', instance, '--device', '/dev/sdf')
    await command('ec2', 'wait', 'volume-in-use', '--volume-ids', volume)
    const modified = await command('ec2', 'modify-volume', '--volume-id', volume, '--size', '2')
    expect(modified.VolumeModification).toMatchObject({ OriginalSize: 1, TargetSize: 2 })
    const snapshot = await line('ec2', 'create-snapshot', '--volume-id', volume, '--query', 'SnapshotId')
    await command('ec2', 'wait', 'snapshot-completed', '--snapshot-ids', snapshot)
    expect(await refused('ec2', 'delete-volume', '--volume-id', volume)).toBe('VolumeInUse')
    const attached = ['--filters', `Name=attachment.instance-id,Values=${instance}`]
    const devices = await line('ec2', 'describe-volumes', ...attached, '--query', 'Volumes[].Attachments[].Device')
    expect(devices.split(/\s+/).sort()).toEqual(['/dev/vda', '/dev/vdc', '/dev/vdf'])
  })

  test('is told what is wrong, in words it knows', async () => {
    expect(await refused('ec2', 'describe-instances', '--instance-ids', `i-${'0'.repeat(17)}`)).toBe('InvalidInstanceID.NotFound')
    expect(await refused('ec2', 'describe-instances', '--dry-run')).toBe('DryRunOperation')
    expect(await refused('ec2', 'describe-nat-gateways')).toBe('InvalidAction')
  })

  test('learns who it is', async () => {
    expect(await command('sts', 'get-caller-identity')).toMatchObject({ Account: expect.stringMatching(/^[0-9]{12}$/) })
  })
})

describe.skipIf(!hasBoto)('boto3, unmodified,', () => {
  test('does the work of a day', async () => {
    const ended = await run(python, [join(import.meta.dirname, 'boto.py'), served.url, region])
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(ended.stdout)).toEqual({
      'made key': true,
      'duplicate key': 'InvalidKeyPair.Duplicate',
      'missing key': 'InvalidKeyPair.NotFound',
      'bad key': 'InvalidKey.Format',
      launched: Array.from({ length: 6 }, () => 'pending'),
      running: ['running', 'boto', [{ Key: 'Name', Value: 'boto' }], true, true],
      address: true,
      network: [true, true],
      groups: ['default'],
      'a group with a rule': [80, [{ CidrIp: '0.0.0.0/0', Description: 'http' }], 1],
      'groups changed': ['boto'],
      'a group in use': 'DependencyViolation',
      pages: [5, 1],
      none: [],
      'same token': true,
      'token of another request': 'IdempotentParameterMismatch',
      stopping: 'stopping',
      'reboot of a stopped one': 'IncorrectInstanceState',
      console: 'Welcome\r\nlogin: ',
      attribute: { Value: 'stop' },
      tags: [
        ['Name', 'b&b'],
        ['stage', ''],
      ],
      'tags left': ['Name'],
      types: [true, true],
      zones: ['test-1a'],
      regions: ['test-1'],
      attaching: 'attaching',
      attached: ['in-use', [{ Key: 'Name', Value: 'data' }], [[true, '/dev/vdf', 'attached']]],
      mapping: ['/dev/vda', '/dev/vdf'],
      'attached twice': 'VolumeInUse',
      'in use': 'VolumeInUse',
      growing: 'modifying',
      grown: ['completed', 1, 2, 100],
      healthy: 'ok',
      snapshot: ['completed', '100%', 'before', 2, true],
      copy: [2, true],
      moment: 2,
      'volume pages': [5, true],
      detaching: 'detaching',
      'missing volume': 'InvalidVolume.NotFound',
      'missing snapshot': 'InvalidSnapshot.NotFound',
      missing: 'InvalidInstanceID.NotFound',
      malformed: 'InvalidInstanceID.Malformed',
      'all or none': 'InvalidInstanceID.NotFound',
      'missing image': 'InvalidAMIID.NotFound',
      'missing key at launch': 'InvalidKeyPair.NotFound',
      'no such type': 'InvalidParameterValue',
      'a group': 'InvalidGroup.NotFound',
      'a volume': 'InvalidBlockDeviceMapping',
      'dry run': 'DryRunOperation',
      'unknown action': 'InvalidAction',
      'wrong secret': 'AuthFailure',
      'wrong region': 'IncompleteSignature',
      account: true,
      'wrong secret of sts': 'SignatureDoesNotMatch',
      terminating: ['shutting-down'],
      'keys left': [],
    })
  })
})

describe.skipIf(!hasLibcloud)("libcloud's EC2 driver, unmodified,", () => {
  test('makes volumes and snapshots, and finds its own way through their states', async () => {
    const ended = await run(pythonOfLibcloud, [join(import.meta.dirname, 'libcloud_driver.py'), served.url, region])
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(ended.stdout)).toEqual({
      volume: ['data', 1, 'available', 'test-1a'],
      attached: ['inuse', true, '/dev/vdf'],
      snapshot: ['before', 1, 'available'],
      copy: [1, true],
      'snapshots left': [],
      detached: 'available',
      deleted: [true, true],
    })
  })
})
