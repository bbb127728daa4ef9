import { type MachineFilter, stateOfMachine } from '@sirocco/control/domain/machines/machine.ts'
import { type MachineState, machineStates, powers, seenPowers } from '@sirocco/shared/model/machines/states.ts'
import { expect, test } from 'vitest'
import { migratedDatabase } from '../../support/migrated.ts'
import { furnish, launched, must } from './furnish.ts'

const page = { after: null, limit: 1_000 }

test('a filter of machines leaves out none that passes it, in any state, and none but by their state that does not', async () => {
  const client = migratedDatabase()
  const at = await furnish(client)
  at.clock.at = 1_800_000_000_000
  // One machine; all that a state depends on is written into its row by turns.
  const { machine } = await launched(at, 10)
  must(await at.store.commit([{ do: 'tag.set', project: at.project, resource: machine, key: 'team', value: 'a' }]))
  const met = new Set<MachineState>()
  for (const power of powers)
    for (const seen of [null, ...seenPowers])
      for (const [ranAt, goneAt, failure, silentSince] of [
        [null, null, null, null],
        [1, null, null, null],
        [1, null, null, 5],
        [null, null, '{"code":"internal","message":"x"}', null],
        [1, at.clock.at, null, null],
      ] as const)
        for (const cause of ['asked', 'guest']) {
          await client.execute({
            sql: 'UPDATE machine SET power = ?, ranAt = ?, goneAt = ?, failure = ?',
            args: [power, ranAt, goneAt, failure],
          })
          await client.execute(`UPDATE agent SET silentSince = ${silentSince ?? 'NULL'}`)
          await client.execute('DELETE FROM machine_observed')
          if (seen !== null)
            await client.execute({
              sql: `INSERT INTO machine_observed (machine, epoch, seq, appliedGeneration, power, cause, digest, at) VALUES (?, 1, 1, 1, ?, ?, 'd', 1)`,
              args: [machine, seen, cause],
            })
          const [found] = must(await at.store.machines.list(at.scope, page)).items
          if (!found) throw new Error('it is there')
          const state = stateOfMachine(found)
          met.add(state)
          const one = must(await at.store.machines.list(at.scope, page, { states: [state] })).items
          expect(one, `${state}: ${power}, seen ${seen}`).toHaveLength(1)
        }
  expect([...met].length).toBeGreaterThan(machineStates.length - 3)

  await client.execute(`UPDATE machine SET goneAt = NULL, failure = NULL, power = 'on', name = 'Web-1'`)
  const found = async (filter: MachineFilter) => must(await at.store.machines.list(at.scope, page, filter)).items.length
  expect(await found({ name: 'wEB' })).toBe(1)
  expect(await found({ name: 'db' })).toBe(0)
  expect(await found({ tags: [{ key: 'team' }] })).toBe(1)
  expect(await found({ tags: [{ key: 'team', value: 'a' }] })).toBe(1)
  expect(await found({ tags: [{ key: 'team' }, { key: 'env' }] })).toBe(0)
  expect(await found({ tags: [{ key: 'team', value: 'b' }] })).toBe(0)
  expect(await found({ states: ['gone', 'failed', 'deleting'] })).toBe(0)
})
