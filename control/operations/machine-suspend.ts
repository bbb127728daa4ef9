import { wantedAsSeen } from './as-seen.ts'
import { done, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/** From an accepted suspend to a machine that is off, its memory kept on disk. Where it cannot, it is left as it is. */
export const machineSuspend: Workflow = {
  kind: 'machine.suspend',
  version: 1,
  steps: [ensure, settled('suspended', () => done())],
  failed: wantedAsSeen,
}
