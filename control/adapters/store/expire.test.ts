import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { deleteMachines } from '../../services/machines/delete.ts'
import { launchMachines } from '../../services/machines/launch.ts'

test('a deleted machine leaves nothing behind once it is no longer shown, and others keep all of theirs', async () => {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal }
  const launch = async () =>
    must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', tags: { a: 'b' } })).machines[0] ?? ''
  const [gone, stays] = [await launch(), await launch()]
  await at.settle()
  must(await deleteMachines.call(call, { machines: [gone] }))
  await at.settle()
  must(
    await at.ports.store.commit([
      { do: 'command.insert', id: 'cmd_old', host: at.rows.hosts[0] ?? 'hst_', body: { do: 'reboot', machine: gone } },
    ]),
  )

  const count = (sql: string, ...args: string[]) => at.database.look(`SELECT count(*) AS n FROM ${sql}`, ...args)[0]?.n
  const held = (machine: string) => [
    count('machine WHERE id = ?', machine),
    count('machine_observed WHERE machine = ?', machine),
    count('tag WHERE resource = ?', machine),
    count('allocation WHERE consumer = ?', machine),
    count('operation WHERE subject = ?', machine),
  ]
  const logs = () => count('operation_log')
  const before = { stays: held(stays), logs: logs() }
  must(await at.ports.store.expire())
  expect(count('machine WHERE id = ?', gone)).toBe(1)

  at.rows.clock.at += limits.goneVisible + 1
  expect(must(await at.ports.store.expire())).toBeGreaterThan(0)
  expect(held(gone)).toEqual([0, 0, 0, 0, 0])
  expect(held(stays)).toEqual(before.stays)
  expect(logs()).toBeLessThan(Number(before.logs))
  expect(count('operation_log WHERE operation NOT IN (SELECT id FROM operation)')).toBe(0)
  expect(count("command WHERE id = 'cmd_old'")).toBe(1)

  at.rows.clock.at += limits.eventRetention
  must(await at.ports.store.expire())
  expect(count("command WHERE id = 'cmd_old'")).toBe(0)
  expect(count('event')).toBe(0)
  const commits = count('commits')
  expect(must(await at.ports.store.expire())).toBe(0)
  expect(count('commits')).toBe(commits)
})

test('events that were forgotten are never numbered again: a cursor stays behind what is new', async () => {
  const at = await world()
  const scope = { project: at.rows.project }
  must(await at.ports.store.commit([{ do: 'event', project: at.rows.project, type: 'x', subject: 'vm_1' }]))
  const newest = must(await at.ports.store.events.newest(scope))
  at.rows.clock.at += limits.eventRetention + 1
  must(await at.ports.store.expire())
  expect(must(await at.ports.store.events.newest(scope))).toBe(newest)
  expect(must(await at.ports.store.events.since(scope, newest, 10))).toEqual({ events: [], reset: false })
  must(await at.ports.store.commit([{ do: 'event', project: at.rows.project, type: 'y', subject: 'vm_1' }]))
  expect(must(await at.ports.store.events.since(scope, newest, 10))).toMatchObject({ reset: false, events: [{ type: 'y' }] })
})
