import { done, type Workflow } from './engine.ts'
import { settled } from './steps.ts'

/** From an accepted larger size to a volume that has it, also in a guest that runs. */
export const volumeGrow: Workflow<'volume'> = {
  kind: 'volume.grow',
  version: 1,
  steps: [settled('grown', () => done())],
}
