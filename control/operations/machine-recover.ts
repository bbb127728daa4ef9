import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Machine, MachineVolume } from '../domain/machines/machine.ts'
import { recoverable } from '../domain/machines/recover.ts'
import { nextIntent } from '../domain/volumes/volume.ts'
import type { Store } from '../ports/store.ts'
import { choose } from '../services/placement/choose.ts'
import { groupOf } from '../services/placement/group-of.ts'
import { done, park, type Step, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/**
 * Its claim and that of its volume move to another host in one batch, which holds only as long as the old one is fenced: that has tombstones
 * from then on, which it is told before anything else when it returns.
 */
const elsewhere: Step = {
  name: 'elsewhere',
  async run({ world, operation, subject: machine }) {
    const { store, ids, random } = world
    // Moved already, or its host is back: then it runs there.
    if (machine.host === null || !machine.fenced) return done()
    const may = recoverable(machine)
    if (!may.ok) return may
    const [root, image, left, group, moves, beside] = await Promise.all([
      freshRoot(store, machine),
      store.images.find('platform', machine.image),
      store.machines.left(machine.id),
      groupOf(store, machine),
      store.migrations.ofMachines([machine.id]),
      store.networks.beside({ machine: machine.id }),
    ])
    if (!beside.ok) return beside
    if (!root.ok) return root
    if (!image.ok) return image
    if (!left.ok) return left
    if (!group.ok) return group
    if (!moves.ok) return moves
    if (moves.value.length > 0) return park(say('waiting.move_end'))
    const { vcpus, memoryMiB, zone, hostTags } = machine
    const { id: volume, sizeMiB: diskMiB } = root.value
    const placed = await choose(
      { store, random, refused: new Set([machine.host, ...left.value]) },
      { zone, architecture: image.value.architecture, vcpus, memoryMiB, diskMiB, hostTags, group: group.value },
      { min: 1, max: 1 },
    )
    if (!placed.ok && placed.fault.code !== 'capacity') return placed
    const [host] = placed.ok ? placed.value.hosts : []
    if (host === undefined) return park('waiting for room on another host of its zone')
    return done(
      { do: 'fence.holds', host: machine.host },
      { do: 'machine.still', machine: machine.id },
      { do: 'machine.moved', machine: machine.id, version: machine.version, root: volume },
      { do: 'tombstone.insert', host: machine.host, subject: machine.id },
      { do: 'tombstone.insert', host: machine.host, subject: volume },
      { do: 'volume.intent', ...nextIntent(root.value) },
      { do: 'allocation.release', consumer: machine.id },
      { do: 'allocation.release', consumer: volume },
      {
        do: 'allocation.claim',
        id: ids.make('allocation'),
        consumer: machine.id,
        host,
        vcpus,
        memoryMiB,
        diskMiB: 0,
        group: group.value,
        root: { id: ids.make('allocation'), volume, diskMiB },
      },
      { do: 'host.touch', host: machine.host },
      { do: 'host.touch', host },
      { do: 'port.moved', of: { machine: machine.id }, hosts: beside.value },
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

/** What it boots from, where that can be made anew elsewhere and nothing else of it stays behind. */
async function freshRoot(store: Store, { name, volumes }: Machine): Promise<Result<MachineVolume>> {
  const root = volumes.find(({ boot }) => boot)
  if (!root) return refuse('precondition', `${name} has no volume to boot from: attach one as vda`)
  const further = volumes.filter(volume => volume !== root)
  if (further.length > 0)
    return refuse(
      'precondition',
      `volumes of ${name} are on its host only, which is fenced (${further.map(({ alias }) => alias).join(', ')}): it waits until that returns; to run it elsewhere, detach them first`,
    )
  const found = await store.volumes.find('platform', [root.id])
  if (!found.ok) return found
  return found.value.every(({ sourceKind }) => sourceKind === 'image')
    ? ok(root)
    : refuse(
        'precondition',
        `what ${name} boots from was not made from an image, and cannot be made anew elsewhere: it waits until its host returns`,
      )
}

/** From a fenced host to a machine that is as it was wanted, elsewhere. */
export const machineRecover: Workflow = {
  kind: 'machine.recover',
  version: 1,
  steps: [elsewhere, ensure, settled('settled', () => done())],
}
