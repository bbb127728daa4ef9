import type { Result } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Change } from '../ports/changes.ts'
import { done, type Outcome, park, type Step, type StepContext, type Workflow } from './engine.ts'
import { passingSnapshotEnds } from './passing-snapshot.ts'
import { seenOf } from './steps.ts'

const absent: Step<'volume'> = {
  name: 'absent',
  async run(context) {
    const { subject: volume, world } = context
    if (volume.host === null) return gone(context)
    const hosts = await world.store.hosts.find([volume.host])
    if (!hosts.ok) return hosts
    // Nothing uses it there, and it goes before anything else does when its host returns.
    if (hosts.value.some(({ fenced }) => fenced !== null))
      return gone(
        context,
        { do: 'fence.holds', host: volume.host },
        { do: 'tombstone.insert', host: volume.host, subject: volume.id },
      )
    const seen = seenOf(context)
    if (seen.kind === 'pending') return park(seen.waiting)
    if (seen.kind === 'failed') return park(say('waiting.cannot_remove', { why: seen.fault.message }))
    return volume.observed?.here === false ? gone(context) : park(say('waiting.removed'))
  },
}

async function gone(context: StepContext<'volume'>, ...first: readonly Change[]): Promise<Result<Outcome>> {
  const tidied = await passingSnapshotEnds(context.subject, context.world)
  return tidied.ok ? done(...first, ...freed(context), ...tidied.value) : tidied
}

const freed = ({ subject: { id, project, host, generation }, operation }: StepContext<'volume'>): Change[] => [
  { do: 'volume.gone', volume: id, generation },
  { do: 'allocation.release', consumer: id },
  ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
  { do: 'event', project, type: 'volume.gone', subject: id, data: { operation: operation.id } },
]

/** From an accepted delete to nothing left but what snapshots stand on. Never fails, as a machine's. */
export const volumeDelete: Workflow<'volume'> = { kind: 'volume.delete', version: 1, steps: [absent], persists: true }
