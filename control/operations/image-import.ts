import { type Fault, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { imageBytes, uploadedParts } from '../ports/blobs.ts'
import type { Change } from '../ports/changes.ts'
import { done, type Outcome, park, type Step, type StepContext, type Workflow } from './engine.ts'
import { passingSnapshotEnds } from './passing-snapshot.ts'
import { finalCode } from './steps.ts'

/** Chooses the converting agent that has least to do; what it is to make is part of what is wanted on its host from then on. */
const place: Step<'image'> = {
  name: 'place',
  async run({ world, operation, subject: { id, import: making } }) {
    if (making?.host) return done()
    const converters = await world.store.agents.converters()
    if (!converters.ok) return converters
    const [idle] = [...converters.value].sort((a, b) => a.imports - b.imports)
    if (!idle) return park(say('waiting.no_converter'))
    return done(
      { do: 'image.place', image: id, generation: operation.generation, host: idle.host },
      { do: 'host.touch', host: idle.host },
    )
  },
}

export const converted: Step<'image'> = {
  name: 'converted',
  async run(context) {
    const { world, operation, subject: image } = context
    const making = image.import
    if (image.state === 'ready') return done()
    const seen = making?.observed
    if (!making || !seen || seen.appliedGeneration < operation.generation) {
      if (making && world.clock.now() - making.begunAt > limits.imageImport)
        return refuse('internal', `the image was not made within ${limits.imageImport / 3_600_000} hours; import it again`)
      if (making && !making.hostAlive) return park(say('waiting.silent_converter'))
      return park(seen?.progress ?? say('waiting.converter'))
    }
    if (seen.fault) return refuse(finalCode(seen.fault), seen.fault.message, detailOf(seen.fault.detail))
    if (!seen.result) return refuse('internal', 'the converting host ended without a result; import the image again')
    const { sha256, bytes, virtualBytes } = seen.result
    if ((await world.blobs.size(imageBytes(sha256))) !== bytes)
      return refuse('internal', 'the converted image is not in the store of image bytes; import it again')
    return ready(context, { sha256, bytes, virtualBytes })
  },
}

function ready(
  { operation, subject: image }: StepContext<'image'>,
  { sha256, bytes, virtualBytes }: { sha256: string; bytes: number; virtualBytes: number },
): Result<Outcome> {
  return done(
    {
      do: 'image.ready',
      image: image.id,
      generation: operation.generation,
      file: { role: 'disk', format: 'qcow2', sha256, bytes },
      carried: image.files.filter(({ role }) => role !== 'disk'),
      virtualBytes,
      minDiskMiB: Math.max(image.minDiskMiB, Math.ceil(virtualBytes / MiB)),
    },
    ...touch(image.import?.host ?? null),
    { do: 'event', project: operation.project, type: 'image.ready', subject: image.id, data: { operation: operation.id } },
  )
}

/** What was uploaded, or frozen for it alone, is of no use any more. */
export const tidy: Step<'image'> = {
  name: 'tidy',
  async run({ world, subject: { id, import: making } }) {
    if (making?.source.kind === 'snapshot') {
      const ended = await passingSnapshotEnds({ sourceSnapshot: making.source.snapshot }, world)
      return ended.ok ? done(...ended.value) : ended
    }
    if (making?.source.kind !== 'upload') return done()
    const parts = await world.blobs.list(uploadedParts(id))
    if (!parts.ok) return parts
    const removed = await world.blobs.remove(parts.value.map(part => part.key))
    return removed.ok ? done() : removed
  },
}

const touch = (host: `hst_${string}` | null): Change[] => (host === null ? [] : [{ do: 'host.touch', host }])
const detailOf = (detail: string | undefined) => (detail === undefined ? {} : { detail })

export function imageFails(
  { subject: image, operation: { id, project, generation } }: StepContext<'image'>,
  fault: Fault,
): Change[] {
  // Given up while it only tidied: the image is there, and machines may stand on it.
  if (image.state === 'ready') return []
  return [
    { do: 'image.fail', image: image.id, generation, fault },
    ...touch(image.import?.host ?? null),
    { do: 'event', project, type: 'image.failed', subject: image.id, data: { operation: id, message: fault.message } },
  ]
}

/** From an address or an upload to an image that machines boot from. */
export const imageImport: Workflow<'image'> = {
  kind: 'image.import',
  version: 1,
  steps: [place, converted, tidy],
  failed: imageFails,
}
