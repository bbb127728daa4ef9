import { done, type Workflow } from './engine.ts'
import { settled } from './steps.ts'

/** From an accepted way back to a volume that holds what its snapshot does. Where it fails, the volume is as it was. */
export const volumeRevert: Workflow<'volume'> = {
  kind: 'volume.revert',
  version: 1,
  steps: [settled('reverted', () => done())],
}
