import { done, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/** From an accepted stop to a machine that is off. The grace is the agent's to wait. */
export const machineStop: Workflow = { kind: 'machine.stop', version: 1, steps: [ensure, settled('off', () => done())] }
