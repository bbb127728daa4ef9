import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { type Decision, read, write } from '../verb.ts'
import { emptying } from './emptying.ts'

/** What a maintenance of a host would do with each of its machines; nothing is done. */
export const previewMaintenance = read('hosts.maintain', {
  input: z.object({ host: Ref }),
  run: (context, { host }) => emptying(context, host as Id<'host'>, context.clock.now()),
})

/**
 * Empties a host: it takes no new machines, those that run move to others while they run, those that are stopped with their disks where they can, and with `stopRest` those that cannot are
 * stopped one after the other. Without it, machines that cannot move refuse it.
 */
export const maintainHost = write('hosts.maintain', {
  input: z.object({ host: Ref, stopRest: z.boolean().default(false) }),
  async run(context, { host: id, stopRest }): Promise<Result<Decision<{ operations: Id<'operation'>[] }>>> {
    const found = await emptying(context, id as Id<'host'>, context.clock.now())
    if (!found.ok) return found
    const { host, fates } = found.value
    if (host.maintenance === 'in' || host.maintenance === (stopRest ? 'stopping' : 'moving'))
      return ok({ answer: { operations: [] }, subjects: [host.id], changes: [] })
    if (host.silentSince !== null)
      return refuse('precondition', `host ${host.name} does not answer: fence it, or bring it back first`, { field: 'host' })
    const stuck = fates.filter(fate => fate.do === 'stops')
    if (stuck.length > 0 && !stopRest)
      return refuse(
        'precondition',
        `${stuck.length} machine(s) cannot be moved from ${host.name}; let the maintenance stop them, or move them first: ${stuck
          .slice(0, 3)
          .map(({ why }) => why.message)
          .join('; ')}`,
        { field: 'stopRest' },
      )
    const operation = context.ids.make('operation')
    const changes: Change[] = [
      {
        do: 'host.maintenance',
        host: host.id,
        generation: host.generation,
        maintenance: stopRest ? 'stopping' : 'moving',
        accepting: false,
        intent: true,
      },
      {
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'host.maintain',
          workflow: workflowVersions['host.maintain'],
          project: context.principal.project,
          subject: host.id,
          generation: host.generation + 1,
        },
      },
      { do: 'event', project: null, type: 'host.maintenance', subject: host.id, data: { operation, stopRest } },
    ]
    return ok({ answer: { operations: [operation] }, subjects: [host.id], changes })
  },
})
