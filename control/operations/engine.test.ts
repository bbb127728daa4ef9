import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { must } from '../../test/contract/store/furnish.ts'
import { type World, world } from '../../test/support/world.ts'
import { privateCloud } from '../adapters/clouds/private/connector.ts'
import { shardOf } from '../domain/operations/shard.ts'
import type { Change } from '../ports/changes.ts'
import { launchMachines } from '../services/machines/launch.ts'
import { done, runDue, type Workflow, type Workflows } from './engine.ts'

/** Launches machines until so many share a shard, and answers with those. */
async function together(at: World, count: number): Promise<string[]> {
  const call = { ports: at.ports, principal: at.principal }
  const byShard = new Map<number, string[]>()
  for (;;) {
    const [machine = ''] = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })).machines
    const shard = shardOf(machine)
    const sharing = [...(byShard.get(shard) ?? []), machine]
    if (sharing.length === count) return sharing
    byShard.set(shard, sharing)
    at.rows.clock.at += 1
  }
}

const engineOf = ({ ports }: World) => ({ ...ports, clouds: { of: () => privateCloud(ports) } })

test('an operation whose code throws keeps back no other, is tried again later, and in the end is stuck', async () => {
  const at = await world()
  const [bad = '', good = ''] = await together(at, 2)
  const step: Workflow['steps'][number] = {
    name: 'only',
    async run({ subject }) {
      if (subject.id === bad) throw new Error('a secret of the code')
      return done()
    },
  }
  const workflows: Workflows = () => ({ kind: 'machine.create', version: 1, steps: [step] })
  const engine = engineOf(at)
  const stateOf = (machine: string) => at.database.look('SELECT state, fault, tries FROM operation WHERE subject = ?', machine)[0]

  must(await runDue(engine, workflows, shardOf(bad)))
  expect(stateOf(good)).toMatchObject({ state: 'done' })
  expect(stateOf(bad)).toMatchObject({ state: 'running', tries: 1 })
  for (let i = 1; i < limits.stepTries; i++) {
    at.rows.clock.at += limits.stepBackoffMax
    must(await runDue(engine, workflows, shardOf(bad)))
  }
  expect(stateOf(bad)).toMatchObject({ state: 'stuck' })
  // What is told of it says nothing of the code; the operator's log does.
  expect(JSON.stringify(at.database.look('SELECT data FROM event'))).not.toContain('a secret')
  expect(JSON.stringify(at.database.look('SELECT outcome FROM operation_log'))).toContain('a secret')
})

test('steps of several operations share a batch, and one that is refused costs none of the others theirs', async () => {
  const at = await world()
  const machines = await together(at, 5)
  const [, bad = ''] = machines
  let refusing = false
  const only: Workflow['steps'][number] = {
    name: 'only',
    run: async ({ subject }) =>
      refusing && subject.id === bad ? done({ do: 'machine.gone', machine: subject.id, generation: 99 }) : done(),
  }
  const workflows: Workflows = () => ({ kind: 'machine.create', version: 1, steps: [{ ...only, name: 'first' }, only] })
  let commits = 0
  const { store } = at.ports
  const engine = {
    ...engineOf(at),
    store: {
      ...store,
      async commit(changes: readonly Change[]) {
        commits++
        const written = await store.commit(changes)
        refusing = true
        return written
      },
    },
  }
  must(await runDue(engine, workflows, shardOf(bad)))
  const stepOf = (machine: string) => at.database.look('SELECT step FROM operation WHERE subject = ?', machine)[0]?.step
  expect(machines.map(stepOf)).toEqual([2, 1, 2, 2, 2])
  // The first steps in one; of the second all, then halves until the one that is refused is alone.
  expect(commits).toBe(1 + 7)
  expect(at.database.look("SELECT count(*) AS n FROM event WHERE type = 'operation.ended'")).toMatchObject([{ n: 4 }])
})
