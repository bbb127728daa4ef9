import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { must } from '../../test/contract/store/furnish.ts'
import { world } from '../../test/support/world.ts'
import { privateCloud } from '../adapters/clouds/private/connector.ts'
import { shardOf } from '../domain/operations/shard.ts'
import { launchMachines } from '../services/machines/launch.ts'
import { done, runDue, type Workflow, type Workflows } from './engine.ts'

test('an operation whose code throws keeps back no other, is tried again later, and in the end is stuck', async () => {
  const at = await world()
  const call = { ports: at.ports, principal: at.principal }
  // As many as it takes until two share a shard.
  const byShard = new Map<number, string[]>()
  let pair: string[] | undefined
  while (!pair) {
    const [machine = ''] = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' })).machines
    const shard = shardOf(machine)
    byShard.set(shard, [...(byShard.get(shard) ?? []), machine])
    pair = [...byShard.values()].find(machines => machines.length === 2)
    at.rows.clock.at += 1
  }
  const [bad = '', good = ''] = pair
  const step: Workflow['steps'][number] = {
    name: 'only',
    async run({ subject }) {
      if (subject.id === bad) throw new Error('a secret of the code')
      return done()
    },
  }
  const workflows: Workflows = () => ({ kind: 'machine.create', version: 1, steps: [step] })
  const engine = { ...at.ports, clouds: { of: () => privateCloud(at.ports) } }
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
