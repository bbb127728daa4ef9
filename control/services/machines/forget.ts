import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/**
 * Gives up a machine whose host never returns, by an admin's word, who types its name: all that it held is free at once. Should its host
 * return all the same, what is left of it there goes before anything else.
 */
export const forgetMachine = write('machines.forget', {
  input: z.object({ machine: Ref, confirm: z.string().max(255) }),
  async run({ store }, { machine: ref, confirm }) {
    // An admin's: of whatever project.
    const found = await store.machines.find('platform', [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine || machine.goneAt !== null) return refuse('not_found', `there is no machine ${ref}`)
    const { id, host, name, project, version, generation } = machine
    if (machine.observerAlive || host === null)
      return refuse('precondition', `the host of ${name} is heard from: delete the machine instead`)
    if (confirm !== name)
      return refuse('invalid', `type the machine's name, ${name}: by that you say that its host never returns`, {
        field: 'confirm',
      })
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        { do: 'machine.intent', machine: id, version, generation: generation + 1, power: 'gone' },
        { do: 'tombstone.insert', host, machine: id },
        { do: 'machine.gone', machine: id, generation: generation + 1 },
        { do: 'allocation.release', consumer: id },
        { do: 'port.release', machine: id },
        { do: 'host.touch', host },
        // What was under way for it ends as superseded.
        { do: 'operation.wake', subject: id, generation: generation + 1 },
        { do: 'event', project, type: 'machine.forgotten', subject: id },
      ],
    })
  },
})
