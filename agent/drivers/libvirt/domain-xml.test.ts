import { expect, test } from 'vitest'
import type { Definition } from '../../ports/compute.ts'
import { type DomainHost, domainXml, escapeXml, readMark, shapeOf } from './domain-xml.ts'
import { domainUuid, uuidText } from './identity.ts'

const host: DomainHost = {
  instance: 'ins_1',
  tag: 'abc',
  acceleration: 'emulated',
  architecture: 'x86_64',
  consoleLog: machine => `/logs/${machine}.log`,
}

const definition: Definition = {
  machine: {
    kind: 'machine',
    id: 'vm_1',
    generation: 1,
    power: 'on',
    name: 'web',
    vcpus: 2,
    memoryMiB: 512,
    diskMiB: 1024,
    image: { id: 'img_1', files: [], cmdline: 'console=ttyS0 quiet' },
    ports: [{ id: 'prt_1', network: 'net_1', mac: '52:54:00:00:00:01', address: '10.0.0.2' }],
    seed: { instanceId: 'i-1', keys: [], userData: '' },
  },
  files: { disk: '/d/disk.qcow2', seed: '/d/seed.iso' },
  plugs: [{ mac: '52:54:00:00:00:01', bridge: 'sbabc0123456789', tap: 'stabc0123456789', mtu: 1450 }],
}

const withMachine = (change: Partial<Definition['machine']>): Definition => ({
  ...definition,
  machine: { ...definition.machine, ...change },
})

test('is marked with whose it is, has a name people recognise and a UUID that repeats', () => {
  const xml = domainXml(definition, host)
  expect(xml).toContain('<name>sirocco-abc-vm_1</name>')
  expect(xml).toContain(`<uuid>${uuidText(domainUuid('ins_1', 'vm_1'))}</uuid>`)
  const element = /<metadata>(.*)<\/metadata>/.exec(xml)?.[1] ?? ''
  expect(readMark(element)).toEqual({ instance: 'ins_1', id: 'vm_1', shape: shapeOf(definition, host) })
})

test('the UUID differs by machine and by instance', () => {
  const all = [domainUuid('a', 'b'), domainUuid('a', 'c'), domainUuid('b', 'b'), domainUuid('ab', ''), domainUuid('', 'ab')].map(
    uuidText,
  )
  expect(new Set(all).size).toBe(all.length)
  for (const uuid of all) expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('boots a kernel directly where the image has one, else from its disk', () => {
  expect(domainXml(definition, host)).toContain("<boot dev='hd'/>")
  const direct = { ...definition, files: { ...definition.files, kernel: '/d/vmlinuz', initrd: '/d/initrd' } }
  expect(domainXml(direct, host)).toContain(
    '<kernel>/d/vmlinuz</kernel><initrd>/d/initrd</initrd><cmdline>console=ttyS0 quiet</cmdline>',
  )
})

test('uses KVM only on hardware, and bounds what emulation takes', () => {
  expect(domainXml(definition, host)).toMatch(/^<domain type='qemu'>.*<tb-cache unit='MiB'>32<\/tb-cache>/)
  const hardware = domainXml(definition, { ...host, acceleration: 'hardware' })
  expect(hardware).toMatch(/^<domain type='kvm'>/)
  expect(hardware).not.toContain('tb-cache')
})

test('the processor is one that guests can move with on hardware, and all that QEMU can where it is emulated', () => {
  expect(domainXml(definition, host)).toContain(`<cpu mode='maximum'/>`)
  expect(domainXml(definition, { ...host, acceleration: 'hardware' })).toContain(`<cpu mode='host-model'/>`)
  const arm = { ...host, architecture: 'aarch64', acceleration: 'hardware' as const }
  expect(domainXml(definition, arm)).toContain(`<cpu mode='host-passthrough'/>`)
  expect(domainXml(definition, { ...host, architecture: 'riscv64' })).not.toContain('<cpu')
})

test('an interface is plugged in as the network port says', () => {
  expect(domainXml(definition, host)).toContain(
    "<mac address='52:54:00:00:00:01'/><source bridge='sbabc0123456789'/><target dev='stabc0123456789'/><model type='virtio'/><mtu size='1450'/>",
  )
})

test('no text that people choose leaves its place', () => {
  const evil = `</title><devices>&'"\u0000\u0007\n\ud800 é`
  const xml = domainXml(withMachine({ name: evil, image: { id: 'i', files: [], cmdline: evil } }), host)
  expect(xml.match(/<devices>/g)).toHaveLength(1)
  expect(xml).toContain('<title>&lt;/title&gt;&lt;devices&gt;&amp;&apos;&quot;  é</title>')
  expect(escapeXml(evil)).toBe('&lt;/title&gt;&lt;devices&gt;&amp;&apos;&quot;&#10; é')
})

test('the shape follows what the domain is made of, not what is wanted of it', () => {
  const shape = shapeOf(definition, host)
  const unlike: Partial<Definition['machine']>[] = [
    { generation: 9 },
    { power: 'off' },
    { diskMiB: 4096 },
    { seed: { instanceId: 'x', keys: ['k'], userData: '' } },
  ]
  for (const same of unlike) expect(shapeOf(withMachine(same), host)).toBe(shape)
  for (const other of [{ vcpus: 1 }, { memoryMiB: 256 }, { name: 'other' }])
    expect(shapeOf(withMachine(other), host)).not.toBe(shape)
  expect(shapeOf(definition, { ...host, acceleration: 'hardware' })).not.toBe(shape)
})

test('reads the mark as libvirt prints it, and nothing from what is no mark', () => {
  expect(
    readMark(`<sirocco:machine xmlns:sirocco="https://sirocco.dev/xmlns/1" instance="a&amp;b" id='vm_1' shape="s"/>\n`),
  ).toEqual({
    instance: 'a&b',
    id: 'vm_1',
    shape: 's',
  })
  for (const text of [
    '',
    '<machine/>',
    `<machine id='x'/>`,
    'instance="a" id="b" shape="c"',
    `<other instance='a' id='b' shape='c'`,
  ])
    expect(readMark(text), text).toBeNull()
})
