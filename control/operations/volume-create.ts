import { done, type Workflow } from './engine.ts'
import { settled } from './steps.ts'

/** From an accepted volume of a snapshot to its bytes on the snapshot's host. What could not be made stays as failed, for its owner to delete. */
export const volumeCreate: Workflow<'volume'> = {
  kind: 'volume.create',
  version: 1,
  steps: [settled('made', () => done())],
}
