import { say } from '@sirocco/shared/model/messages.ts'
import type { Change } from '../ports/changes.ts'
import { done, park, type Step, type StepContext, type Workflow } from './engine.ts'
import { seenOf } from './steps.ts'

const absent: Step<'snapshot'> = {
  name: 'absent',
  async run(context) {
    const { subject: snapshot } = context
    if (snapshot.host === null) return done(...freed(context))
    const seen = seenOf(context)
    if (seen.kind === 'pending') return park(seen.waiting)
    if (seen.kind === 'failed') return park(say('waiting.cannot_remove', { why: seen.fault.message }))
    return snapshot.observed?.here === false ? done(...freed(context)) : park(say('waiting.removed'))
  },
}

const freed = ({ subject: { id, project, host, generation }, operation }: StepContext<'snapshot'>): Change[] => [
  { do: 'snapshot.gone', snapshot: id, generation },
  { do: 'allocation.release', consumer: id },
  ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
  { do: 'event', project, type: 'snapshot.gone', subject: id, data: { operation: operation.id } },
]

/** From an accepted delete to nothing left but what volumes made from it stand on. */
export const snapshotDelete: Workflow<'snapshot'> = { kind: 'snapshot.delete', version: 1, steps: [absent], persists: true }
