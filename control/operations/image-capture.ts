import type { Result } from '@sirocco/shared/kit/fault.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Image } from '../domain/images/image.ts'
import { type Snapshot, stateOfSnapshot } from '../domain/volumes/snapshot.ts'
import { done, type Step, type Workflow, type World } from './engine.ts'
import { converted, imageFails, tidy } from './image-import.ts'
import { passingSnapshotEnds, passingSnapshotOf } from './passing-snapshot.ts'

/** The snapshot that it is made from; null once that is forgotten. */
const frozenOf = async ({ import: making }: Image, world: World): Promise<Result<Snapshot | null>> =>
  making?.source.kind === 'snapshot' ? passingSnapshotOf(making.source.snapshot, world) : ok(null)

const lost = refuse('precondition', 'the snapshot that was made for it is not there any more; capture it again')

/** Only the host that the snapshot lies on can read it; that waits there until it is made. */
const place: Step<'image'> = {
  name: 'place',
  async run({ world, operation, subject: image }) {
    if (image.state === 'ready' || image.import?.host) return done()
    const frozen = await frozenOf(image, world)
    if (!frozen.ok) return frozen
    const host = frozen.value?.host
    if (!frozen.value || frozen.value.deleted || !host) return lost
    return done({ do: 'image.place', image: image.id, generation: operation.generation, host }, { do: 'host.touch', host })
  },
  async undo({ world, subject: image }) {
    return ended(image, world)
  },
}

/** As of an import; but what cannot be frozen is never converted. */
const captured: Step<'image'> = {
  name: 'converted',
  async run(context) {
    const { world, subject: image } = context
    if (image.state === 'ready') return done()
    const frozen = await frozenOf(image, world)
    if (!frozen.ok) return frozen
    if (!frozen.value || frozen.value.deleted) return lost
    const fault = stateOfSnapshot(frozen.value) === 'failed' ? frozen.value.observed?.fault : null
    if (fault) return refuse('precondition', fault.message, fault.detail === undefined ? {} : { detail: fault.detail })
    return converted.run(context)
  },
}

async function ended({ import: making }: Image, world: World) {
  const changes = await passingSnapshotEnds(
    { sourceSnapshot: making?.source.kind === 'snapshot' ? making.source.snapshot : null },
    world,
  )
  return changes.ok ? done(...changes.value) : changes
}

/** From a volume as it was at one moment to an image that machines boot from. */
export const imageCapture: Workflow<'image'> = {
  kind: 'image.capture',
  version: 1,
  steps: [place, captured, tidy],
  failed: imageFails,
}
