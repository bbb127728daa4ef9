import { wantedAsSeen } from './as-seen.ts'
import { done, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/** From an accepted resume to a machine that goes on where it stood still. Where it cannot, it is left as it is. */
export const machineResume: Workflow = {
  kind: 'machine.resume',
  version: 1,
  steps: [ensure, settled('running', () => done())],
  failed: wantedAsSeen,
}
