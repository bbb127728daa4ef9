import { recoverable } from '../domain/machines/recover.ts'
import { place } from '../domain/placement/place.ts'
import { done, park, type Step, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/**
 * Its claim moves to another host in one batch, which holds only as long as the old one is fenced: that has a tombstone from then on, which
 * it is told before anything else when it returns.
 */
const elsewhere: Step = {
  name: 'elsewhere',
  async run({ world, operation, subject: machine }) {
    // Moved already, or its host is back: then it runs there.
    if (machine.host === null || !machine.fenced) return done()
    const may = recoverable(machine)
    if (!may.ok) return may
    const [hosts, image, left] = await Promise.all([
      world.store.hosts.ofZone(machine.zone),
      world.store.images.find('platform', machine.image),
      world.store.machines.left(machine.id),
    ])
    if (!hosts.ok) return hosts
    if (!image.ok) return image
    if (!left.ok) return left
    const { vcpus, memoryMiB, diskMiB, zone } = machine
    const placed = place(
      hosts.value,
      { zone, architecture: image.value.architecture, vcpus, memoryMiB, diskMiB },
      { min: 1, max: 1, refused: new Set([machine.host, ...left.value]), random: world.random },
    )
    const [host] = placed.ok ? placed.value.hosts : []
    if (host === undefined) return park('waiting for room on another host of its zone')
    return done(
      { do: 'fence.holds', host: machine.host },
      { do: 'allocation.release', consumer: machine.id },
      { do: 'allocation.claim', id: world.ids.make('allocation'), consumer: machine.id, host, vcpus, memoryMiB, diskMiB },
      { do: 'machine.unseen', machine: machine.id },
      { do: 'tombstone.insert', host: machine.host, machine: machine.id },
      { do: 'host.touch', host: machine.host },
      { do: 'host.touch', host },
      {
        do: 'event',
        project: machine.project,
        type: 'machine.recovered',
        subject: machine.id,
        data: { operation: operation.id, disk: 'fresh' },
      },
    )
  },
}

/** From a fenced host to a machine that is as it was wanted, elsewhere. */
export const machineRecover: Workflow = {
  kind: 'machine.recover',
  version: 1,
  steps: [elsewhere, ensure, settled('settled', () => done())],
}
