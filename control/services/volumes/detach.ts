import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { outsideRescue } from '../../domain/volumes/permit.ts'
import { nextIntent, stateOfVolume } from '../../domain/volumes/volume.ts'
import type { Change } from '../../ports/changes.ts'
import { VolumeRefs } from '../inputs.ts'
import { still } from '../machines/still.ts'
import { write } from '../verb.ts'
import { begin } from './begin.ts'
import { allChangeable } from './changeable.ts'

/** Takes volumes from their machines, all or none; a running guest is asked to let go. Those that no machine has are left alone. */
export const detachVolumes = write('volumes.detach', {
  input: VolumeRefs,
  async run(context, { volumes: refs }) {
    const { store, scope } = context
    const found = await store.volumes.find(scope, [...new Set(refs)])
    if (!found.ok) return found
    // One whose guest did not let go is asked for again.
    const held = found.value.filter(
      volume => volume.attachment !== null || (volume.observed?.fault && stateOfVolume(volume) === 'detaching'),
    )
    for (const volume of held) {
      const outside = outsideRescue(volume)
      if (!outside.ok) return outside
    }
    const changing = await allChangeable(
      context,
      held.flatMap(({ attachment }) => attachment?.machine ?? []),
    )
    if (!changing.ok) return changing
    const owners = held.flatMap(({ attachment }) => (attachment?.boot ? [attachment.machine] : []))
    const machines = owners.length === 0 ? ok([]) : await store.machines.find(scope, owners)
    if (!machines.ok) return machines
    const running = machines.value.find(machine => !['stopped', 'failed'].includes(stateOfMachine(machine)))
    if (running) return refuse('precondition', `${running.name} boots from this volume; stop it first`, { field: running.alias })

    const stays = await still(
      store,
      held.flatMap(({ attachment }) => attachment?.machine ?? []),
    )
    if (!stays.ok) return stays
    const operations: Id<'operation'>[] = []
    const changes: Change[] = [...stays.value]
    for (const volume of held) {
      const intent = nextIntent(volume)
      const { operation, changes: begins } = begin(context, 'volume.detach', volume.id, intent.generation)
      operations.push(operation)
      changes.push(
        { do: 'volume.intent', ...intent },
        { do: 'attachment.remove', volume: volume.id },
        ...begins,
        ...(volume.host === null ? [] : [{ do: 'host.touch', host: volume.host } as const]),
      )
    }
    return ok({ answer: { operations }, subjects: found.value.map(v => v.id), changes })
  },
})
