import { done, type Workflow } from './engine.ts'
import { settled } from './steps.ts'

/** From an accepted detachment to a volume that no machine has. A guest that never lets go ends it with what to do; its machine's stop frees it. */
export const volumeDetach: Workflow<'volume'> = {
  kind: 'volume.detach',
  version: 1,
  steps: [settled('detached', () => done())],
}
