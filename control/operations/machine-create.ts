import { refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { workflowVersions } from '../domain/operations/workflows.ts'
import type { Change } from '../ports/changes.ts'
import { done, park, type Workflow } from './engine.ts'
import { ensure, seenOf, settled } from './steps.ts'
import { volumesLeft } from './volumes-left.ts'

const arrives = settled('running', () => done())

/** From an accepted launch to a machine that runs. Placed and claimed already: that is the verb's batch. */
export const machineCreate: Workflow = {
  kind: 'machine.create',
  version: 1,
  steps: [
    ensure,
    {
      name: 'running',
      async run(context) {
        const { subject: machine, world } = context
        if (machine.ranAt !== null) return done()
        const late = world.clock.now() - machine.createdAt > limits.launch
        if (late && seenOf(context).kind === 'pending')
          return refuse('internal', say('machine.too_late', { name: machine.name, minutes: String(limits.launch / 60_000) }), {
            detail: 'launch limit',
          })
        const outcome = await arrives.run(context)
        // Applied, but not seen running: it is off already, and was never noticed to run.
        return outcome.ok && outcome.value.kind === 'done' && machine.observed?.power === 'absent'
          ? park(say('waiting.shown'))
          : outcome
      },
    },
  ],
  /**
   * A machine that never ran frees everything at once where its host has finished with it and kept nothing; else it is discarded, and
   * what it holds stays quarantined until its host says that nothing is left.
   */
  failed({ subject: machine, world, operation }, fault) {
    const { id, project, host, generation } = machine
    const nothingLeft =
      host === null ||
      (machine.observed !== null && machine.observed.appliedGeneration >= generation && machine.observed.power === 'absent')
    const event: Change = {
      do: 'event',
      project,
      type: 'machine.failed',
      subject: id,
      data: { operation: operation.id, message: fault.message },
    }
    const touch: Change[] = host === null ? [] : [{ do: 'host.touch', host }]
    if (nothingLeft)
      return [
        { do: 'machine.fail', machine: id, generation, fault, discard: false },
        { do: 'allocation.release', consumer: id },
        { do: 'port.release', machine: id },
        ...volumesLeft(machine, world.ids),
        ...touch,
        event,
      ]
    return [
      { do: 'machine.fail', machine: id, generation, fault, discard: true },
      {
        do: 'operation.start',
        operation: {
          id: world.ids.make('operation'),
          kind: 'machine.delete',
          workflow: workflowVersions['machine.delete'],
          project,
          subject: id,
          generation: generation + 1,
        },
      },
      ...touch,
      event,
    ]
  },
}
