import { ok } from '@sirocco/shared/kit/fault.ts'
import { fenceWays } from '@sirocco/shared/model/hosts/power.ts'
import { z } from 'zod'
import { mayFence } from '../../domain/hosts/fence.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { write } from '../verb.ts'
import { theHost } from './the-host.ts'

/**
 * Makes sure that nothing runs on a silent host, and then frees and restarts elsewhere what asks for it. By its management controller, or
 * by the word of an admin, who types its name: never by a mere flag.
 */
export const fenceHost = write('hosts.fence', {
  input: z.object({ host: z.string().min(1).max(64), how: z.enum(fenceWays), confirm: z.string().max(255).optional() }),
  async run({ store, ids, principal }, { host: id, how, confirm }) {
    const found = await theHost(store, id)
    if (!found.ok) return found
    const host = found.value
    const may = mayFence(host, how, confirm)
    if (!may.ok) return may
    const operation = ids.make('operation')
    const generation = host.generation + 1
    return ok({
      answer: { operation },
      subjects: [host.id],
      changes: [
        { do: 'host.intent', host: host.id, generation: host.generation },
        {
          do: 'fence.ask',
          id: ids.make('fence'),
          host: host.id,
          how,
          by: principal.user,
          generation,
          epoch: host.epoch,
        },
        {
          do: 'operation.start',
          operation: {
            id: operation,
            kind: 'host.fence',
            workflow: workflowVersions['host.fence'],
            project: principal.project,
            subject: host.id,
            generation,
          },
        },
        { do: 'event', project: null, type: 'host.fence.asked', subject: host.id, data: { operation, how } },
      ],
    })
  },
})
