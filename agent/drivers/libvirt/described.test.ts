import { expect, test } from 'vitest'
import { described } from './described.ts'

const xml = (more = '') => `<domain type='kvm'>
  <name>sirocco-abc-vm_1</name>
  <title>web &amp; co</title>
  <memory unit='KiB'>524288</memory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64'>hvm</type>${more}</os>
  <devices><interface type='bridge'><mac address='52:54:00:00:00:0A'/></interface></devices>
</domain>`

test('says what libvirt has written down', () => {
  expect(described(xml())).toEqual({
    name: 'web & co',
    vcpus: 2,
    memoryMiB: 512,
    firmware: 'bios',
    macs: ['52:54:00:00:00:0a'],
  })
  expect(described(xml("<loader type='pflash'>/fw/code.fd</loader>"))?.firmware).toBe('uefi')
})

test('says nothing of what it cannot read', () => {
  for (const text of ['', '<network/>', '<domain/>', xml().replace('524288', 'much')]) expect(described(text)).toBeNull()
})
