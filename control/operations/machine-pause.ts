import { wantedAsSeen } from './as-seen.ts'
import { done, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/** From an accepted pause to a machine that stands still in memory. Where it cannot, it is left as it is. */
export const machinePause: Workflow = {
  kind: 'machine.pause',
  version: 1,
  steps: [ensure, settled('paused', () => done())],
  failed: wantedAsSeen,
}
