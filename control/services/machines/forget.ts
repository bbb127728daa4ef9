import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import type { MachineVolume } from '../../domain/machines/machine.ts'
import { nextIntent } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { still } from './still.ts'

/**
 * Gives up a machine whose host never returns, by an admin's word, who types its name: all that it held is free at once, with the volumes that go with it. Should its host
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
    const { id, host, name, project, version, generation, volumes } = machine
    if (machine.observerAlive || host === null)
      return refuse('precondition', `the host of ${name} is heard from: delete the machine instead`)
    if (confirm !== name)
      return refuse('invalid', `type the machine's name, ${name}: by that you say that its host never returns`, {
        field: 'confirm',
      })
    // Where it runs is the other host's to say; one that never returns is fenced.
    const stays = await still(store, [id])
    if (!stays.ok) return stays
    return ok({
      answer: {},
      subjects: [id],
      changes: [
        ...stays.value,
        { do: 'machine.intent', machine: id, version, generation: generation + 1, power: 'gone' },
        { do: 'tombstone.insert', host, subject: id },
        { do: 'machine.gone', machine: id, generation: generation + 1 },
        { do: 'allocation.release', consumer: id },
        { do: 'port.release', machine: id },
        ...volumes.flatMap(volume => (volume.deleteOnTermination ? forgotten(volume, host, project) : released(volume, project))),
        { do: 'host.touch', host },
        // What was under way for it ends as superseded.
        { do: 'operation.wake', subject: id, generation: generation + 1 },
        { do: 'event', project, type: 'machine.forgotten', subject: id },
      ],
    })
  },
})

/** Gone with its machine. */
function forgotten(volume: MachineVolume, host: Id<'host'>, project: Id<'project'>): Change[] {
  const intent = nextIntent(volume, { deleted: true })
  return [
    { do: 'attachment.remove', volume: volume.id },
    { do: 'volume.intent', ...intent },
    { do: 'tombstone.insert', host, subject: volume.id },
    { do: 'volume.gone', volume: volume.id, generation: intent.generation },
    { do: 'allocation.release', consumer: volume.id },
    { do: 'operation.wake', subject: volume.id, generation: intent.generation },
    { do: 'event', project, type: 'volume.gone', subject: volume.id },
  ]
}

/** It stays where it lies, without a machine. */
const released = (volume: MachineVolume, project: Id<'project'>): Change[] => [
  { do: 'attachment.remove', volume: volume.id },
  { do: 'volume.intent', ...nextIntent(volume) },
  { do: 'event', project, type: 'volume.released', subject: volume.id, data: {} },
]
