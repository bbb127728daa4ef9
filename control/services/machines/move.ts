import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Host, Size } from '../../domain/hosts/host.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import { goesOffline, targets } from '../../domain/migrations/movable.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Candidate } from '../../domain/placement/demand.ts'
import type { Grouping } from '../../domain/placement/group.ts'
import { place } from '../../domain/placement/place.ts'
import { type Room, roomFor } from '../../domain/volumes/pool.ts'
import type { Change } from '../../ports/changes.ts'
import type { Store } from '../../ports/store.ts'
import { toBase64 } from '../base64.ts'
import type { Ports } from '../context.ts'
import { everyHost } from '../placement/choose.ts'
import { groupOf } from '../placement/group-of.ts'

/** The hosts of a zone, as moves of some machines look at them. */
export interface ZoneView {
  readonly hosts: readonly Host[]
  /** By placement group, as placement sees them. */
  readonly groups: ReadonlyMap<
    Machine['placementGroup'],
    { readonly group: Grouping | null; readonly candidates: readonly Candidate[] }
  >
}

/** A zone for moves of these machines. */
export async function zoneFor(store: Store, zone: string, machines: readonly Machine[]): Promise<Result<ZoneView>> {
  const groups = new Map<Machine['placementGroup'], { group: Grouping | null; candidates: readonly Candidate[] }>()
  for (const placementGroup of new Set(machines.map(machine => machine.placementGroup))) {
    const group = await groupOf(store, { placementGroup })
    if (!group.ok) return group
    const candidates = await everyHost(store, { zone, group: group.value, lying: machines.flatMap(lyingOf) })
    if (!candidates.ok) return candidates
    groups.set(placementGroup, { group: group.value, candidates: candidates.value })
  }
  const ids = new Set([...groups.values()].flatMap(({ candidates }) => candidates.map(({ id }) => id)))
  const hosts: Host[] = []
  for (const page of pagesOf([...ids])) {
    const found = await store.hosts.find(page)
    if (!found.ok) return found
    hosts.push(...found.value)
  }
  return ok({ hosts, groups })
}

function* pagesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += limits.pageMax) yield all.slice(from, from + limits.pageMax)
}

/** What a machine claims on its host, its volumes with it. */
export const claimOf = ({ vcpus, memoryMiB, volumes }: Machine): Size => ({
  vcpus,
  memoryMiB,
  diskMiB: roomFor(volumes).diskMiB,
})

/** What its volumes need of the pools that they lie in: of a shared one only that the host has it. */
const lyingOf = ({ volumes }: Machine): Room['lying'] =>
  roomFor(volumes).lying.map(room => (room.shared ? { ...room, miB: 0 } : room))

/** A host for this machine among those it could run on as it is, `taken` by others that move with it. Only a proposal: the claim decides. */
export function placeMove(
  machine: Machine,
  source: Host,
  { hosts, groups }: ZoneView,
  taken: ReadonlyMap<Id<'host'>, Size>,
  { random, refused }: Pick<Ports, 'random'> & { readonly refused: ReadonlySet<Id<'host'>> },
): Result<Id<'host'>> {
  const { zone, hostTags } = machine
  const { group, candidates } = groups.get(machine.placementGroup) ?? { group: null, candidates: [] }
  const demand = {
    zone,
    architecture: source.facts?.architecture ?? '',
    hostTags,
    group,
    ...claimOf(machine),
    lying: lyingOf(machine),
    only: new Set(targets(hosts, source).map(({ id }) => id)),
  }
  const free = candidates.map((host): Candidate => {
    const less = taken.get(host.id) ?? { vcpus: 0, memoryMiB: 0, diskMiB: 0 }
    return {
      ...host,
      free: {
        vcpus: host.free.vcpus - less.vcpus,
        memoryMiB: host.free.memoryMiB - less.memoryMiB,
        diskMiB: host.free.diskMiB - less.diskMiB,
      },
      // It leaves.
      members: host.id === source.id && group !== null ? host.members - 1 : host.members,
    }
  })
  const placed = place(free, demand, { min: 1, max: 1, refused, random })
  const [host] = placed.ok ? placed.value.hosts : []
  return host
    ? ok(host)
    : refuse('capacity', `no other host in ${zone} can take ${machine.name}: none of its kind has room and an underlay address`, {
        detail: placed.ok ? '' : (placed.fault.detail ?? ''),
      })
}

/** What begins a move: the claim on its target, the row that both hosts are told of, and the operation that pursues it. */
export async function moveChanges(
  { ids, random, secrets }: Pick<Ports, 'ids' | 'random' | 'secrets'>,
  machine: Machine,
  { group, source, target }: { readonly group: Grouping | null; readonly source: Id<'host'>; readonly target: Id<'host'> },
): Promise<{ readonly operation: Id<'operation'>; readonly changes: Change[] }> {
  const migration = ids.make('migration')
  const operation = ids.make('operation')
  const secret = await secrets.seal(new Secret(toBase64(random.bytes(limits.moveSecret))), `migration|${migration}|secret`)
  const { id, project, volumes } = machine
  return {
    operation,
    changes: [
      {
        do: 'allocation.claim',
        id: ids.make('allocation'),
        consumer: migration,
        host: target,
        ...claimOf(machine),
        // Those that belong together are not on one host while one of them is on its way.
        group: group?.policy === 'anti-affinity' ? group : null,
      },
      {
        do: 'migration.insert',
        migration: {
          id: migration,
          machine: id,
          project,
          source,
          target,
          volumes: volumes.map(volume => volume.id),
          offline: goesOffline(machine),
          secret,
        },
        generations: volumes.map(({ generation }) => generation),
      },
      {
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'migration.run',
          workflow: workflowVersions['migration.run'],
          project,
          subject: migration,
          generation: 0,
        },
      },
      { do: 'event', project, type: 'machine.move.asked', subject: id, data: { operation } },
      { do: 'host.touch', host: source },
      { do: 'host.touch', host: target },
    ],
  }
}
