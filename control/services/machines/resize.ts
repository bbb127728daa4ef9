import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { capacityOf } from '../../domain/hosts/host.ts'
import type { Flavor } from '../../domain/images/image.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import { theHost } from '../hosts/the-host.ts'
import { Ref } from '../inputs.ts'
import { type Context, write } from '../verb.ts'
import { changeMachine } from './change.ts'

/**
 * Gives a stopped machine the processors and memory of another flavor, claimed on its host in the same batch; `capacity` where the host has no
 * room. The disk stays as large as it is.
 */
export const resizeMachine = write('machines.resize', {
  input: z.object({ machine: Ref, flavor: z.string().min(1).max(64) }),
  async run(context, { machine: ref, flavor: name }) {
    const flavors = await context.store.flavors.list()
    if (!flavors.ok) return flavors
    const flavor = flavors.value.find(each => each.name === name)
    if (!flavor)
      return refuse('invalid', `there is no flavor ${name}; choose one of ${flavors.value.map(each => each.name).join(', ')}`, {
        field: 'flavor',
      })
    return changeMachine(context, { machine: ref, change: 'resize', event: 'machine.resized' }, async machine => {
      if (machine.flavor === name) return ok(null)
      const { vcpus, memoryMiB } = flavor
      const { id, host } = machine
      if (host === null)
        return refuse('precondition', `${machine.name} holds nothing any more; delete it and launch a new one`, {
          field: machine.alias,
        })
      // Only the batch's guard decides; where it has refused, why is said in words.
      if (context.attempt > 0) {
        const fits = await fitsItsHost(context, machine, flavor)
        if (!fits.ok) return fits
      }
      return ok({
        set: { flavor: name, vcpus, memoryMiB },
        data: { from: machine.flavor, to: name },
        more: [
          { do: 'allocation.resize', consumer: id, vcpus, memoryMiB },
          // A smaller flavor passes also where the project is beyond its limits already.
          ...(vcpus > machine.vcpus ? [{ do: 'quota.spend', project: machine.project, resources: ['vcpus'] } as const] : []),
          ...(memoryMiB > machine.memoryMiB
            ? [{ do: 'quota.spend', project: machine.project, resources: ['memory'] } as const]
            : []),
        ],
      })
    })
  },
})

async function fitsItsHost({ store }: Context, machine: Machine, flavor: Flavor): Promise<Result<void>> {
  if (machine.host === null) return ok(undefined)
  const found = await theHost(store, machine.host)
  if (!found.ok) return found
  const host = found.value
  const all = capacityOf(host)
  const short = (what: 'vcpus' | 'memoryMiB') => host.used[what] - machine[what] + flavor[what] > all[what]
  if (!short('vcpus') && !short('memoryMiB')) return ok(undefined)
  return refuse(
    'capacity',
    `the host of ${machine.name} has no room for ${flavor.vcpus} vCPU and ${flavor.memoryMiB} MiB; choose a smaller flavor, or try again later`,
  )
}
