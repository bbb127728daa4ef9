import { operationKinds } from '@sirocco/shared/model/operations/states.ts'
import { expect, test } from 'vitest'
import { stepsOf, workflowSteps, workflowVersions } from '../domain/operations/workflows.ts'
import { allWorkflows, workflows } from './index.ts'

test('the steps that people are shown are those of the workflows, of each version', () => {
  for (const { kind, version, steps } of allWorkflows)
    expect(stepsOf({ kind, workflow: version })).toEqual(steps.map(s => s.name))
  const told = Object.values(workflowSteps).flatMap(versions => Object.keys(versions))
  expect(told).toHaveLength(allWorkflows.length)
})

test('what is begun now has its code', () => {
  for (const kind of operationKinds) expect(workflows(kind, workflowVersions[kind])).not.toBeNull()
})
