import { done, type Workflow } from './engine.ts'
import { machineCreate } from './machine-create.ts'
import { ensure, settled } from './steps.ts'

/** From an accepted start to a machine that runs; where it does not, the observer's own batch has marked it failed. */
export const machineStart: Workflow = {
  kind: 'machine.start',
  version: 1,
  steps: [ensure, settled('running', () => done())],
  /** Stopped before it ever ran and then started, it ends as a launch that failed. */
  failed: (context, fault) => (context.subject.ranAt === null ? (machineCreate.failed?.(context, fault) ?? []) : []),
}
