import { wantedAsSeen } from './as-seen.ts'
import { done, type Workflow } from './engine.ts'
import { machineCreate } from './machine-create.ts'
import { ensure, settled } from './steps.ts'

/** From an accepted start to a machine that runs; where it does not, the observer's own batch has marked it failed. */
export const machineStart: Workflow = {
  kind: 'machine.start',
  version: 1,
  steps: [ensure, settled('running', () => done())],
  /** Stopped before it ever ran and then started, it ends as a launch that failed; paused or suspended, it is left so. */
  failed(context, fault) {
    if (context.subject.ranAt === null) return machineCreate.failed?.(context, fault) ?? []
    const seen = context.subject.observed?.power
    return seen === 'paused' || seen === 'suspended' ? wantedAsSeen(context) : []
  },
}
