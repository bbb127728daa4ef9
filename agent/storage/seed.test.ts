import type { WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { hostnameOf, seedFiles } from './seed.ts'

const machine = (name: string, keys: string[] = [], userData = ''): WantedMachine => ({
  kind: 'machine',
  id: 'vm_1',
  generation: 1,
  power: 'on',
  name,
  vcpus: 1,
  memoryMiB: 128,
  image: { id: 'img_1', files: [] },
  ports: [{ id: 'prt_1', network: 'net_1', mac: '52:54:00:00:00:01', address: '10.0.0.2' }],
  seed: { instanceId: 'i-0a', keys, userData },
})

test('meta-data is one key a line, every value quoted', () => {
  expect(seedFiles(machine('web', ['ssh-ed25519 AAAA me@home']))['meta-data']).toBe(
    'instance-id: "i-0a"\nlocal-hostname: "web"\npublic-keys:\n  - "ssh-ed25519 AAAA me@home"\n',
  )
  expect(seedFiles(machine('web'))['meta-data']).not.toContain('public-keys')
})

test('no name or key adds a line or a key', () => {
  const evil = 'ssh-rsa AAAA "\\\n\u2028\u0085local-hostname: other'
  const text = String(seedFiles(machine(evil, [evil, ' ']))['meta-data'])
  expect(text.trimEnd().split('\n')).toHaveLength(4)
  expect(text).toMatch(/^[\x20-\x7e\n]*$/)
  expect(text.match(/^local-hostname: "[a-z0-9-]+"$/gm)).toHaveLength(1)
})

test('user-data keeps every byte', () => {
  const bytes = Buffer.from([0, 255, 10, 13])
  expect(seedFiles(machine('web', [], bytes.toString('base64')))['user-data']).toEqual(bytes)
})

test('interfaces are told by their MAC and use DHCP', () => {
  expect(JSON.parse(String(seedFiles(machine('web'))['network-config']))).toEqual({
    version: 2,
    ethernets: { nic0: { match: { macaddress: '52:54:00:00:00:01' }, dhcp4: true } },
  })
})

test('a hostname is a label, or the instance’s id', () => {
  expect(hostnameOf('Web Server 1', 'i-1')).toBe('web-server-1')
  expect(hostnameOf('---', 'i-1')).toBe('i-1')
  expect(hostnameOf('日本', 'i-1')).toBe('i-1')
  expect(hostnameOf('x'.repeat(80), 'i-1')).toHaveLength(63)
})
