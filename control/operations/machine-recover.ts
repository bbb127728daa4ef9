import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Machine, MachineVolume } from '../domain/machines/machine.ts'
import { recoverable } from '../domain/machines/recover.ts'
import { isShared, lyingIn, roomFor } from '../domain/volumes/pool.ts'
import { nextIntent } from '../domain/volumes/volume.ts'
import type { Store } from '../ports/store.ts'
import { choose } from '../services/placement/choose.ts'
import { groupOf } from '../services/placement/group-of.ts'
import { taken } from '../services/volumes/taken.ts'
import { done, park, type Step, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/**
 * Its claim and those of its volumes move to another host in one batch, which holds only as long as the old one is fenced: that has tombstones
 * from then on, which it is told before anything else when it returns. What lies in shared pools goes on as it is; else it boots from a fresh disk.
 */
const elsewhere: Step = {
  name: 'elsewhere',
  async run({ world, operation, subject: machine }) {
    const { store, ids, random } = world
    // Moved already, or its host is back: then it runs there.
    if (machine.host === null || !machine.fenced) return done()
    const may = recoverable(machine)
    if (!may.ok) return may
    const [going, image, left, group, moves, beside] = await Promise.all([
      goingElsewhere(store, machine),
      store.images.find('platform', machine.image),
      store.machines.left(machine.id),
      groupOf(store, machine),
      store.migrations.ofMachines([machine.id]),
      store.networks.beside({ machine: machine.id }),
    ])
    if (!going.ok) return going
    if (!beside.ok) return beside
    if (!image.ok) return image
    if (!left.ok) return left
    if (!group.ok) return group
    if (!moves.ok) return moves
    if (moves.value.length > 0) return park(say('waiting.move_end'))
    const { vcpus, memoryMiB, zone, hostTags } = machine
    const { root, shared } = going.value
    const fresh = root !== null && !isShared(root.pool) ? root : null
    const room = roomFor(fresh ? [fresh] : [])
    const lying = [...room.lying, ...roomFor(shared).lying.map(one => ({ ...one, miB: 0 }))]
    const placed = await choose(
      { store, random, refused: new Set([machine.host, ...left.value]) },
      {
        zone,
        architecture: image.value.architecture,
        vcpus,
        memoryMiB,
        diskMiB: room.diskMiB,
        lying,
        hostTags,
        group: group.value,
      },
      { min: 1, max: 1 },
    )
    if (!placed.ok && placed.fault.code !== 'capacity') return placed
    const [host] = placed.ok ? placed.value.hosts : []
    if (host === undefined) return park('waiting for room on another host of its zone')
    return done(
      { do: 'fence.holds', host: machine.host },
      { do: 'machine.still', machine: machine.id },
      {
        do: 'machine.moved',
        machine: machine.id,
        version: machine.version,
        volumes: machine.volumes.map(({ id }) => id),
        fresh: fresh?.id ?? null,
      },
      { do: 'tombstone.insert', host: machine.host, subject: machine.id },
      ...(fresh
        ? ([
            { do: 'tombstone.insert', host: machine.host, subject: fresh.id },
            { do: 'volume.intent', ...nextIntent(fresh) },
            { do: 'allocation.release', consumer: fresh.id },
          ] as const)
        : []),
      ...shared.flatMap(volume => taken(machine.host ?? host, host, volume, ids.make('allocation'))),
      { do: 'allocation.release', consumer: machine.id },
      {
        do: 'allocation.claim',
        id: ids.make('allocation'),
        consumer: machine.id,
        host,
        vcpus,
        memoryMiB,
        diskMiB: 0,
        group: group.value,
        ...(fresh
          ? {
              lying: lyingIn(fresh.pool),
              root: { id: ids.make('allocation'), volume: fresh.id, diskMiB: fresh.sizeMiB },
            }
          : {}),
      },
      { do: 'host.touch', host: machine.host },
      { do: 'host.touch', host },
      { do: 'port.moved', of: { machine: machine.id }, hosts: beside.value },
      {
        do: 'event',
        project: machine.project,
        type: 'machine.recovered',
        subject: machine.id,
        data: { operation: operation.id, disk: fresh ? 'fresh' : 'kept' },
      },
    )
  },
}

/** Its volumes, where what it boots from is shared or can be made anew elsewhere, and all others are shared. */
async function goingElsewhere(
  store: Store,
  { name, volumes }: Machine,
): Promise<Result<{ readonly root: MachineVolume | null; readonly shared: readonly MachineVolume[] }>> {
  const root = volumes.find(({ boot }) => boot)
  if (!root) return refuse('precondition', `${name} has no volume to boot from: attach one as vda`)
  const shared = volumes.filter(({ pool }) => isShared(pool))
  const further = volumes.filter(volume => volume !== root && !shared.includes(volume))
  if (further.length > 0)
    return refuse(
      'precondition',
      `volumes of ${name} are on its host only, which is fenced (${further.map(({ alias }) => alias).join(', ')}): it waits until that returns; to run it elsewhere, detach them first`,
    )
  if (shared.includes(root)) return ok({ root, shared })
  const found = await store.volumes.find('platform', [root.id])
  if (!found.ok) return found
  return found.value.every(({ sourceKind }) => sourceKind === 'image')
    ? ok({ root, shared })
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
