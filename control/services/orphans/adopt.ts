import { all, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import type { FoundSpec } from '@sirocco/shared/wire/orphans.ts'
import { z } from 'zod'
import { freeOf, type Host } from '../../domain/hosts/host.ts'
import { nameOf, nextOf } from '../../domain/hosts/orphan.ts'
import type { Subnet } from '../../domain/networks/network.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { devices, rootDevice } from '../../domain/volumes/device.ts'
import { lyingIn, poolOfFound } from '../../domain/volumes/pool.ts'
import type { Change, NewPort } from '../../ports/changes.ts'
import { Name, Ref } from '../inputs.ts'
import { drawAddresses } from '../networks/draw-addresses.ts'
import { type Context, write } from '../verb.ts'
import { theOrphan } from './the-orphan.ts'

const Input = z.object({
  host: Ref,
  orphan: Ref,
  /** By name or id. */
  project: Ref,
  /** What it starts by from its next start on; left out, what its host was once told. */
  image: Ref.optional(),
  name: Name.optional(),
})

interface Adopted {
  readonly machine: Id<'machine'>
  readonly operation: Id<'operation'>
}

/**
 * Makes a machine that nobody asks for one of a project, as it is: it has no desired state before its owner asks for something. Its cores, memory and
 * disks are claimed on its host; its disks are volumes of the project.
 */
export const adoptOrphan = write('orphans.adopt', {
  input: Input,
  async run(context, { project: projectRef, image: imageRef, name, ...refs }) {
    const { store, ids, random } = context
    const looked = await theOrphan(store, refs)
    if (!looked.ok) return looked
    const { host, orphan } = looked.value
    const { machine: id, found } = orphan
    if (found === null || !isId('machine', id))
      return refuse('precondition', `what ${id} is made of is not known: its host cannot tell; it can only be removed`)
    const room = roomFor(host, found)
    if (!room.ok) return room
    const ground = await groundOf(context, host, found, { project: projectRef, image: imageRef ?? found.image })
    if (!ground.ok) return ground
    const { project, image, zone } = ground.value
    const free = await nobodys(context, host, id, found)
    if (!free.ok) return free
    const ports = await portsOf(context, { machine: id, project, zone: host.zone }, found)
    if (!ports.ok) return ports

    const operation = ids.make('operation')
    const generation = nextOf(found.generation)
    const alias = `i-${hex(random, 17)}`
    const { volumes } = ground.value
    const root = volumes.find(({ device }) => device === rootDevice)
    const { vcpus, memoryMiB, firmware } = found
    const claim = { host: host.id, vcpus: 0, memoryMiB: 0 }
    const changes: Change[] = [
      { do: 'orphan.adopted', orphan: orphan.id, generation: orphan.generation },
      {
        do: 'machine.adopt',
        generation,
        machine: {
          ...{ id, alias, project, zone, vcpus, memoryMiB, firmware, image },
          name: name ?? nameOf(orphan),
          flavor: 'adopted',
          diskMiB: root?.sizeMiB ?? 0,
          keyPair: null,
          publicKeys: [],
          userData: null,
          reservation: `r-${hex(random, 17)}`,
          launchIndex: 0,
          clientToken: null,
          onGuestShutdown: 'stop',
          placementGroup: null,
          hostTags: {},
          protected: false,
          recover: 'no',
        },
      },
      {
        do: 'allocation.claim',
        ...{ ...claim, id: ids.make('allocation'), consumer: id, vcpus, memoryMiB, diskMiB: 0 },
        lying: root ? lyingIn(root.pool) : undefined,
        ...(root ? { root: { id: ids.make('allocation'), volume: root.id, diskMiB: root.sizeMiB } } : {}),
      },
      ...volumes.flatMap(({ id: volume, device, sizeMiB, pool, generation: known }): Change[] => [
        {
          do: 'volume.adopt',
          generation: nextOf(known),
          volume: {
            ...{ id: volume, alias: `vol-${hex(random, 17)}`, project, zone, pool: pool.id, name: '', sizeMiB },
            ...{ sourceKind: 'found', sourceImage: null, sourceSnapshot: null },
          },
        },
        {
          do: 'attachment.insert',
          attachment: { volume, machine: id, device, boot: device === rootDevice, readOnly: false, deleteOnTermination: false },
        },
        ...(device === rootDevice
          ? []
          : [
              {
                do: 'allocation.claim',
                ...{ ...claim, id: ids.make('allocation'), consumer: volume, diskMiB: sizeMiB },
                lying: lyingIn(pool),
              } as const,
            ]),
      ]),
      ...ports.value.map((port): Change => ({ do: 'port.insert', port })),
      ...ports.value.map(({ subnet }): Change => ({ do: 'port.moved', of: { subnet }, hosts: [] })),
      {
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'machine.adopt',
          workflow: workflowVersions['machine.adopt'],
          project,
          subject: id,
          generation,
        },
      },
      { do: 'event', project, type: 'machine.adopted', subject: id, data: { operation, host: host.id } },
      { do: 'host.touch', host: host.id },
    ]
    const answer: Adopted = { machine: id, operation }
    return ok({ answer, subjects: [host.id, id, project], changes })
  },
})

/** What it has is counted as all else on its host is. */
function roomFor(host: Host, { vcpus, memoryMiB, volumes }: FoundSpec): Result<void> {
  if (host.silentSince !== null)
    return refuse('precondition', `host ${host.name} does not answer: what runs there now is not known`)
  if (!host.accepting) return refuse('precondition', `host ${host.name} takes no new machines: have it take some first`)
  const free = freeOf(host)
  const diskMiB = volumes.reduce((sum, { sizeMiB }) => sum + sizeMiB, 0)
  return vcpus <= free.vcpus && memoryMiB <= free.memoryMiB && diskMiB <= free.diskMiB
    ? ok(undefined)
    : refuse('capacity', `host ${host.name} has no room left to count it by: move machines from it, or raise its ratios`)
}

/** Where it comes to: a project, the image that it starts by, and the places of its zone. */
async function groundOf(
  { store }: Context,
  host: Host,
  found: FoundSpec,
  asked: { readonly project: string; readonly image: string | undefined },
) {
  if (asked.image === undefined)
    return refuse('invalid', 'what it was made from is not known: say by image what it starts by', { field: 'image' })
  const [projects, image, regions, pools] = await Promise.all([
    store.images.projects([asked.project]),
    store.images.find('platform', asked.image),
    store.regions.list(),
    store.pools.list(),
  ])
  if (!projects.ok) return projects
  if (!image.ok) return image
  if (!regions.ok) return regions
  if (!pools.ok) return pools
  const zone = regions.value.flatMap(({ zones }) => zones).find(({ name }) => name === host.zone)
  const [project] = projects.value
  if (!zone || !project) throw new Error('impossible: found, and not there')
  const volumes = all(
    found.volumes.map(volume => {
      const pool = poolOfFound(pools.value, host.zone, volume.pool)
      return pool.ok ? ok({ ...volume, id: volume.id as Id<'volume'>, pool: pool.value }) : pool
    }),
  )
  return volumes.ok ? ok({ project: project.id, image: image.value.id, zone: zone.id, volumes: volumes.value }) : volumes
}

/** Neither it nor its volumes are anybody's here, wherever they are. */
async function nobodys({ store }: Context, host: Host, machine: Id<'machine'>, { volumes }: FoundSpec): Promise<Result<void>> {
  const same = await store.machines.find('platform', [machine])
  const [other] = same.ok ? same.value : []
  if (!same.ok && same.fault.code !== 'not_found') return same
  if (other && other.goneAt === null)
    return refuse(
      'conflict',
      `${other.name} is a machine already, elsewhere: what host ${host.name} shows of it is left over; remove it`,
    )
  for (const { id, device } of volumes) {
    if (!isId('volume', id) || ![rootDevice, ...devices].some(one => one === device))
      return refuse('precondition', `its disk ${device} is no volume that this version knows; it can only be removed`)
    const found = await store.volumes.find('platform', [id])
    const [volume] = found.ok ? found.value : []
    if (!found.ok && found.fault.code !== 'not_found') return found
    if (volume && volume.goneAt === null)
      return refuse('conflict', `its disk ${device} is volume ${volume.alias} already, which is somebody's; detach that first`)
  }
  return ok(undefined)
}

/** As the host was once told, where that still fits; else with addresses of the project's own network, in force from its next start. */
async function portsOf(
  context: Context,
  { machine, project, zone }: { readonly machine: Id<'machine'>; readonly project: Id<'project'>; readonly zone: string },
  { ports }: FoundSpec,
): Promise<Result<readonly NewPort[]>> {
  const { store, ids, random } = context
  const network = await store.networks.defaultSubnet(project, zone)
  if (!network.ok) return network
  const [subnet] = network.value.subnets
  if (!subnet || ports.length === 0) return ok([])
  const drawn = await drawAddresses(context, subnet, { min: ports.length, max: ports.length })
  if (!drawn.ok) return drawn
  const made: NewPort[] = []
  for (const [position, port] of ports.entries()) {
    const same = await samePlace(context, network.value.subnets, port)
    if (!same.ok) return same
    made.push({
      id: same.value && port.id !== undefined && isId('port', port.id) ? port.id : ids.make('port'),
      alias: `eni-${hex(random, 17)}`,
      ...{ project, network: network.value.id, machine, position, mac: port.mac },
      subnet: same.value?.subnet ?? subnet.id,
      address: same.value?.address ?? drawn.value.addresses[position] ?? '',
    })
  }
  return ok(made)
}

/** The address that it had, where that is on one of the project's subnets and nobody has it. */
async function samePlace({ store }: Context, subnets: readonly Subnet[], { network, address }: FoundSpec['ports'][number]) {
  const subnet = subnets.find(({ id }) => id === network)
  if (!subnet || address === undefined) return ok(null)
  const taken = await store.networks.taken(subnet.id, [address])
  if (!taken.ok) return taken
  return ok(taken.value.length > 0 ? null : { subnet: subnet.id, address })
}
