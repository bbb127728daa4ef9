import { refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Reading } from '@sirocco/shared/wire/samples.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { launchMachines } from '../machines/launch.ts'
import { keepWindow } from './keep.ts'
import { hostUsage, machineUsage } from './read.ts'

const busy = (cpu: number): Reading => [cpu, 1, 0, 0, 0, 0]

async function furnished() {
  const at = await world({ hosts: 1 })
  const call = { ports: at.ports, principal: at.principal }
  const { machines } = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' }))
  const [machine = ''] = machines
  const [host] = at.rows.hosts
  if (!host) throw new Error('a host')
  await at.settle()
  const last = Math.floor(at.rows.clock.now() / limits.sampleWindow) * limits.sampleWindow - limits.sampleWindow
  for (let i = 0; i < 6; i++)
    must(
      await keepWindow(at.ports, host, {
        at: last - i * limits.sampleWindow,
        reading: busy(4),
        machines: { [machine]: busy(2) },
      }),
    )
  const rows = () => at.database.look('SELECT count(*) AS n FROM sample_history')[0]?.n
  return { at, call, machine, host, last, rows }
}

test('a window that is told again is kept once, and one of another time not at all', async () => {
  const { at, host, last, rows } = await furnished()
  expect(rows()).toBe(6)
  must(await keepWindow(at.ports, host, { at: last, reading: busy(9), machines: {} }))
  must(await keepWindow(at.ports, host, { at: last + 1, reading: busy(9), machines: {} }))
  must(await keepWindow(at.ports, host, { at: last + 100 * limits.sampleWindow, reading: busy(9), machines: {} }))
  must(await keepWindow(at.ports, host, { at: 0, reading: busy(9), machines: {} }))
  expect(rows()).toBe(6)
})

test('what is recent comes from the host, what is older from history, and nothing twice', async () => {
  const { call, machine, host } = await furnished()
  const own = must(await machineUsage.call(call, { machine }))
  expect(own).toMatchObject({ live: true, step: limits.sampleEvery })
  expect(own.points.map(({ reading }) => reading[0])).toEqual([2, 2, 2, 2, 2, 2, 0.5, 0.5, 0.5])
  expect(new Set(own.points.map(({ at }) => at)).size).toBe(own.points.length)
  expect(must(await hostUsage.call(call, { host })).points[0]?.reading[0]).toBe(4)
})

test('a host that does not answer leaves its history', async () => {
  const { at, call, machine } = await furnished()
  Object.assign(at.ports.links, { ask: async () => refuse('unavailable', 'not linked') })
  const { live, points } = must(await machineUsage.call(call, { machine }))
  expect([live, points.length]).toEqual([false, 6])
})

test('an answer that is no samples is not passed on', async () => {
  const { at, call, machine } = await furnished()
  for (const value of ['{', '[{"at":1}]', '[{"at":1,"reading":[-1,0,0,0,0,0]}]']) {
    Object.assign(at.ports.links, { ask: async () => ({ ok: true, value }) })
    expect(must(await machineUsage.call(call, { machine })).live).toBe(false)
  }
})

test('too many points, or more time than is kept, are refused with what to do', async () => {
  const { at, call, machine } = await furnished()
  const to = at.rows.clock.now()
  const ask = (from: number, step?: number) =>
    machineUsage.call(call, { machine, from, to, ...(step === undefined ? {} : { step }) })
  expect(await ask(to)).toMatchObject({ fault: { field: 'from' } })
  expect(await ask(to - limits.sampleRetention - 1)).toMatchObject({ fault: { field: 'from' } })
  expect(await ask(to - limits.sampleRetention, limits.sampleEvery)).toMatchObject({ fault: { field: 'step' } })
  expect(must(await ask(to - limits.sampleRetention)).points.length).toBeGreaterThan(0)
})

test('history is dropped once it is past its keeping', async () => {
  const { at, rows } = await furnished()
  at.rows.clock.at += limits.sampleRetention + limits.sampleWindow * 8
  must(await at.ports.store.expire())
  expect(rows()).toBe(0)
})
