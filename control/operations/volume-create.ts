import { done, type Step, type Workflow } from './engine.ts'
import { passingSnapshotEnds } from './passing-snapshot.ts'
import { settled } from './steps.ts'

const arrives = settled<'volume'>('made', () => done())

/** What was made only to make this from goes in the same batch. */
const made: Step<'volume'> = {
  name: 'made',
  async run(context) {
    const outcome = await arrives.run(context)
    if (!outcome.ok || outcome.value.kind === 'park') return outcome
    const tidied = await passingSnapshotEnds(context.subject, context.world)
    return tidied.ok ? done(...tidied.value) : tidied
  },
}

/** From an accepted volume of a snapshot to its bytes on the snapshot's host. What could not be made stays as failed, for its owner to delete. */
export const volumeCreate: Workflow<'volume'> = { kind: 'volume.create', version: 1, steps: [made] }
