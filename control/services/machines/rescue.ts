import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { freeOf } from '../../domain/hosts/host.ts'
import type { Image } from '../../domain/images/image.ts'
import { unlaunchable } from '../../domain/images/launchable.ts'
import { because } from '../../domain/machines/because.ts'
import { isRescued, type Machine, stateOfMachine } from '../../domain/machines/machine.ts'
import { theHost } from '../hosts/the-host.ts'
import { Ref } from '../inputs.ts'
import { type Context, write } from '../verb.ts'
import { intentChanges } from './intent-changes.ts'
import { still } from './still.ts'

/**
 * Stops a machine, gives it a fresh disk of a rescue image to boot from, and its own beside that; then starts it. Its own disk is neither written to
 * nor made anew by this; its further volumes stay where they are.
 */
export const rescueMachine = write('machines.rescue', {
  input: z.object({
    machine: Ref,
    /** Else one that is marked for rescue, or the one that the machine was launched from. */
    image: Ref.optional(),
  }),
  async run(context, { machine: ref, image: wanted }) {
    const { store, scope, ids } = context
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine) throw new Error('impossible: found, and not there')
    const { id, version, generation, alias, name, host } = machine
    const why = changeRefusal('rescue', stateOfMachine(machine), isRescued(machine))
    if (why) return refuse('precondition', because(why, name), { field: alias })
    if (host === null || machine.ranAt === null)
      return refuse('precondition', say('machine.never_ran', { name }), { field: alias })
    if (!machine.volumes.some(({ boot }) => boot))
      return refuse('precondition', `${name} has no disk to rescue; attach one as vda`, { field: alias })
    const stays = await still(store, [id])
    if (!stays.ok) return stays
    const image = await imageOf(context, machine, wanted)
    if (!image.ok) return image
    const room = await theHost(store, host)
    if (!room.ok) return room
    const size = image.value.minDiskMiB
    if (freeOf(room.value).diskMiB < size)
      return refuse('capacity', say('machine.rescue_no_room', { name, size: String(size) }), { field: 'image' })

    const operation = ids.make('operation')
    const intent = { machine: id, version: version + 1, generation: generation + 1, power: 'off' } as const
    return ok({
      answer: { operations: [operation] },
      subjects: [id, image.value.id],
      changes: [
        ...stays.value,
        { do: 'machine.rescue', machine: id, version, image: image.value.id, volume: null },
        ...intentChanges(machine, 'machine.rescue', intent, operation),
        { do: 'host.touch', host },
      ],
    })
  },
})

/** What it is to boot from, which its host can run. */
async function imageOf({ store, scope }: Context, machine: Machine, wanted: string | undefined): Promise<Result<Image>> {
  const [own, named, marked] = await Promise.all([
    store.images.many([machine.image]),
    wanted === undefined ? ok(null) : store.images.find(scope, wanted),
    wanted === undefined ? store.images.forRescue(scope) : ok([]),
  ])
  if (!own.ok && own.fault.code !== 'not_found') return own
  if (!named.ok) return named
  if (!marked.ok) return marked
  const [ownImage] = own.ok ? own.value : []
  const runs = (image: Image) => ownImage === undefined || image.architecture === ownImage.architecture
  const image = named.value ?? marked.value.find(runs) ?? ownImage
  if (image === undefined)
    return refuse('precondition', `the image of ${machine.name} is gone and none is marked for rescue; name one`, {
      field: 'image',
    })
  const unfit = unlaunchable(image)
  if (unfit) return unfit
  return runs(image)
    ? ok(image)
    : refuse('invalid', `${image.name} is for ${image.architecture}, unlike ${machine.name}; choose another image`, {
        field: 'image',
      })
}
