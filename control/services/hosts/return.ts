import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { intend } from '../../domain/machines/intend.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'
import { Ref } from '../inputs.ts'
import { intentChanges } from '../machines/intent-changes.ts'
import { type Decision, write } from '../verb.ts'

/** Ends a host's maintenance, also one that is still under way: it takes machines again, and those that were stopped for it are started. */
export const returnHost = write('hosts.return', {
  input: z.object({ host: Ref }),
  async run(context, { host: id }): Promise<Result<Decision<{ operations: Id<'operation'>[] }>>> {
    const { store } = context
    const found = await store.hosts.find([id])
    if (!found.ok) return found
    const [host] = found.value
    if (!host) throw new Error('impossible: found, and not there')
    if (host.maintenance === 'none') return ok({ answer: { operations: [] }, subjects: [host.id], changes: [] })
    const stopped = await store.hosts.stopped(host.id)
    if (!stopped.ok) return stopped
    const machines = await presentOf(context, stopped.value)
    if (!machines.ok) return machines
    const operations: Id<'operation'>[] = []
    const changes: Change[] = [
      {
        do: 'host.maintenance',
        host: host.id,
        generation: host.generation,
        maintenance: 'none',
        accepting: true,
        intent: true,
      },
      { do: 'maintenance-stop.drop', host: host.id },
      { do: 'host.touch', host: host.id },
      { do: 'event', project: null, type: 'host.returned', subject: host.id },
    ]
    for (const machine of machines.value) {
      const intent = intend('start', machine, 'on')
      // Deleted, or started by its owner meanwhile.
      if (!intent.ok || !intent.value) continue
      const operation = context.ids.make('operation')
      operations.push(operation)
      changes.push(...intentChanges(machine, 'machine.start', intent.value, operation))
      if (machine.host !== null && machine.host !== host.id) changes.push({ do: 'host.touch', host: machine.host })
    }
    return ok({ answer: { operations }, subjects: [host.id], changes })
  },
})

/** Those that are still there. */
async function presentOf({ store }: Pick<Ports, 'store'>, ids: readonly Id<'machine'>[]): Promise<Result<readonly Machine[]>> {
  const machines: Machine[] = []
  // Asked in one turn, they are one batch of reads; asked as one, a single one that is gone would refuse all.
  for (const found of await Promise.all(ids.map(id => store.machines.find('platform', [id])))) {
    if (found.ok) machines.push(...found.value)
    else if (found.fault.code !== 'not_found') return found
  }
  return ok(machines)
}
