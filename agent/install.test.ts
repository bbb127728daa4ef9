import { expect, test } from 'vitest'
import type { AgentConfig } from './config.ts'
import { uninstall, unitOf } from './install.ts'

const config: AgentConfig = {
  version: 1,
  agent: 'agt_1',
  control: { url: 'https://control.example', pin: null },
  instance: 'one',
  tag: 'abc',
  hosts: [{ id: 'hst_1', name: 'one' }],
  driver: { kind: 'libvirt', socket: '/run/libvirt/libvirt-sock', uri: 'qemu:///system' },
  storage: '/var/lib/sirocco/one',
  runtime: '/run/sirocco/one',
}

test('the unit restarts the agent always, leaves what it started alone, and carries its instance in its name', () => {
  const unit = unitOf(config, { node: '/usr/bin/node', script: '/opt/agent.mjs', data: '/var/lib/agent' })
  expect(unit.path).toBe('/etc/systemd/system/sirocco-agent-abc.service')
  for (const line of [
    'ExecStart="/usr/bin/node" "/opt/agent.mjs" "run" "--data" "/var/lib/agent"',
    'Restart=always',
    'StartLimitIntervalSec=0',
    'KillMode=process',
    'LimitNOFILE=1048576',
    'NoNewPrivileges=yes',
  ])
    expect(unit.text.split('\n')).toContain(line)
})

test('the unit closes no device: whether guests run on hardware is seen by /dev/kvm', () => {
  const { text } = unitOf(config, { node: '/usr/bin/node', script: '/opt/agent.mjs', data: '/var/lib/agent' })
  expect(text).not.toMatch(/^(ProtectClock|PrivateDevices|DevicePolicy|DeviceAllow)=/m)
})

test('no path can say more than a path', () => {
  const unit = unitOf(config, { node: '/usr/bin/node', script: '/o p/$HOME/%h/"x\\', data: '/d' })
  expect(unit.text).toContain('"/o p/$$HOME/%%h/\\"x\\\\"')
})

test('where no unit is, there is nothing to uninstall', async () => {
  expect(await uninstall({ name: 'none.service', path: '/nonexistent/none.service', text: '' })).toEqual({ ok: true, value: [] })
})
