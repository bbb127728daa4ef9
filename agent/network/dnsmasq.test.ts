import { expect, test } from 'vitest'
import type { NetworkOnHost } from '../ports/network.ts'
import { dnsmasqFiles, dnsmasqPaths, isDomain, stepOf } from './dnsmasq.ts'

const setting = { link: 'sbabc0123456789', index: '7', paths: dnsmasqPaths('/run/n'), user: 'dnsmasq' }
const port = (last: number, mac = last, hostname = `m${last}`): NetworkOnHost['ports'][number] => ({
  id: `prt_${last}`,
  network: 'net_1',
  mac: `52:54:00:00:00:${mac.toString(16).padStart(2, '0')}`,
  address: `10.64.3.${last}`,
  hostname,
})
const files = (...ports: NetworkOnHost['ports'][number][]) =>
  dnsmasqFiles(
    {
      network: {
        kind: 'network',
        id: 'net_1',
        generation: 1,
        cidr: '10.64.3.0/24',
        gateway: '10.64.3.1',
        mtu: 1450,
        domain: 'a.internal',
        gone: false,
      },
      ports,
    },
    setting,
  )

test('each port has its address by its MAC for ever, and its name', () => {
  const { dhcp, names } = files(port(11), port(10))
  expect(dhcp).toBe('52:54:00:00:00:0a,10.64.3.10,m10,infinite\n52:54:00:00:00:0b,10.64.3.11,m11,infinite\n')
  expect(names).toBe('10.64.3.10 m10\n10.64.3.11 m11\n')
})

test('serves one bridge alone, known MACs alone, and the network’s own MTU', () => {
  const lines = files().conf.split('\n')
  for (const line of [
    'interface=sbabc0123456789',
    'except-interface=lo',
    'bind-interfaces',
    'dhcp-range=10.64.3.0,static,255.255.255.0,infinite',
    'dhcp-ignore=tag:!known',
    'dhcp-option=option:mtu,1450',
    'dhcp-option=option:router,10.64.3.1',
  ])
    expect(lines).toContain(line)
})

test('a name that is no label becomes the address, so that it adds no line', () => {
  const { dhcp, names } = files(port(10, 10, 'x,infinite\ndhcp-script=/bin/sh'), port(11, 11, '-a'), port(12, 12, 'WEB'))
  expect(dhcp.match(/\n/g)).toHaveLength(3)
  expect(names).toBe('10.64.3.10 ip-10-64-3-10\n10.64.3.11 ip-10-64-3-11\n10.64.3.12 web\n')
})

test('a domain is labels and dots', () => {
  for (const good of ['internal', 'a-b.c1.internal']) expect(isDomain(good), good).toBe(true)
  for (const bad of ['', '.', 'a..b', 'A.b', 'a\nb', 'a/b', '-a.b', 'x'.repeat(64)]) expect(isDomain(bad), bad).toBe(false)
})

test('nothing for what it knows, SIGHUP for more, a new start where an address was taken back', () => {
  const now = files(port(10), port(11))
  expect(stepOf(now, files(port(11), port(10)))).toBe('nothing')
  expect(stepOf(now, files(port(10), port(11), port(12)))).toBe('reread')
  expect(stepOf(now, files(port(10), port(11, 11, 'renamed')))).toBe('reread')
  expect(stepOf(now, files(port(10)))).toBe('restart')
  expect(stepOf(now, files(port(10), port(11, 99)))).toBe('restart')
  expect(stepOf(now, { ...now, conf: '# link 8' })).toBe('restart')
  expect(stepOf(null, now)).toBe('restart')
})
