import { say } from '@sirocco/shared/model/messages.ts'
import type { Change } from '../ports/changes.ts'
import { done, park, type Step, type StepContext, type Workflow } from './engine.ts'
import { ensure, seenOf } from './steps.ts'
import { volumesLeft } from './volumes-left.ts'

/** Where nothing is left on its host, what the machine held is freed, in the batch that says it is gone. */
const absent: Step = {
  name: 'absent',
  async run(context) {
    const { subject: machine } = context
    if (machine.host === null) return done(...freed(context))
    // Nothing runs there, and what is left there goes before anything else does when it returns.
    if (machine.fenced)
      return done(
        { do: 'fence.holds', host: machine.host },
        { do: 'tombstone.insert', host: machine.host, subject: machine.id },
        ...freed(context),
      )
    const seen = seenOf(context)
    if (seen.kind === 'pending') return park(seen.waiting)
    if (seen.kind === 'failed') return park(say('waiting.cannot_remove', { why: seen.fault.message }))
    return machine.observed?.power === 'absent' ? done(...freed(context)) : park(say('waiting.removed'))
  },
}

const freed = ({ subject, operation, world }: StepContext): Change[] => {
  const { id, project, host, generation } = subject
  return [
    { do: 'machine.gone', machine: id, generation },
    { do: 'allocation.release', consumer: id },
    { do: 'port.release', machine: id },
    ...volumesLeft(subject, world.ids),
    ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
    { do: 'event', project, type: 'machine.gone', subject: id, data: { operation: operation.id } },
  ]
}

/** From an accepted delete to nothing left. Never fails: it waits for its host, or for whatever refuses it, for as long as it takes. */
export const machineDelete: Workflow = { kind: 'machine.delete', version: 1, steps: [ensure, absent], persists: true }
