import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../disk/memory.ts'
import type { Step } from './plan.ts'
import { diskWithPoints, nowhere, points } from './points.ts'

/** What each step of a plan does to the world. */
const steps = {
  network: 'port.networks.apply',
  fetch: 'port.storage.keep',
  prepare: 'port.storage.prepare',
  define: 'port.compute.define',
  start: 'port.compute.start',
  'ask-to-stop': 'port.compute.askToStop',
  pause: 'port.compute.pause',
  suspend: 'port.compute.suspend',
  cut: 'port.compute.cut',
  undefine: 'port.compute.undefine',
  remove: 'port.storage.remove',
  unplug: 'port.networks.apply',
  leave: 'port.compute.leave',
  listen: 'port.compute.arrive',
  adopt: 'port.compute.adopt',
  refuse: 'port.compute.abandon',
  stay: 'port.compute.stay',
} as const satisfies Record<Step, string>

/** The same of each command; null: it only looks, or acts on nothing of this host. */
const commands = {
  reboot: 'port.compute.reboot',
  console: null,
  'console-log': null,
  screen: null,
  screenshot: null,
  'guest-facts': null,
  'guest-password': 'port.compute.setGuestPassword',
  'guest-keys': 'port.compute.addGuestKeys',
  'power-off': null,
  upgrade: null,
} as const satisfies Record<CommandBody['do'], string | null>

test.each(Object.entries({ ...steps, ...commands }))('%s can be killed before and after its effect', (_, effect) => {
  if (effect !== null) expect(points).toEqual(expect.arrayContaining([`${effect}.before`, `${effect}.after`]))
})

test('a file that no crash point knows cannot be written', async () => {
  const disk = diskWithPoints(new MemoryDisk(), nowhere)
  await disk.append('journal-hst_1.jsonl', 'a line\n')
  await expect(disk.replace('ledger.json', '{}')).rejects.toThrow('ledger.replace has no crash point')
})
