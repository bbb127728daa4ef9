import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { write } from '../verb.ts'
import { theHost } from './the-host.ts'

/** Names of machines in a refusal. */
const named = 5

/**
 * Takes a host out of the cloud for good: its agent's credential is dead from then on. Refused while machines are on it; they are deleted,
 * moved, or forgotten first.
 */
export const removeHost = write('hosts.remove', {
  input: z.object({ host: z.string().min(1).max(64) }),
  async run({ store }, { host: id }) {
    const found = await theHost(store, id)
    if (!found.ok) return found
    const host = found.value
    const machines = await store.machines.ofHost(host.id, { after: null, limit: named })
    if (!machines.ok) return machines
    if (machines.value.items.length > 0) {
      const names = machines.value.items.map(machine => machine.name).join(', ')
      return refuse(
        'precondition',
        `${host.machines} machines are on host ${host.name} (${names}${machines.value.next ? ', …' : ''}): delete them, or, where it never returns, forget them`,
      )
    }
    return ok({
      answer: {},
      subjects: [host.id],
      changes: [
        { do: 'host.intent', host: host.id, generation: host.generation },
        { do: 'host.remove', host: host.id },
        { do: 'event', project: null, type: 'host.removed', subject: host.id },
      ],
    })
  },
})
