import { done, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/** From a machine that nobody asked for to one that its host counts as a project's, as it is. */
export const machineAdopt: Workflow = {
  kind: 'machine.adopt',
  version: 1,
  steps: [ensure, settled('settled', () => done())],
}
