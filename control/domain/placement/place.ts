import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { pick, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { capacityOf, type Host, type Size } from '../hosts/host.ts'

export interface Demand extends Size {
  readonly zone: string
  readonly architecture: string
}

/** Why a host was left out, for admins. */
export type Rejection =
  | 'not_accepting'
  | 'silent'
  | 'no_facts'
  | 'other_architecture'
  | 'just_refused'
  | 'cpu_full'
  | 'memory_full'
  | 'disk_full'

export interface Placement {
  readonly hosts: readonly Id<'host'>[]
  readonly rejected: ReadonlyMap<Id<'host'>, Rejection>
}

/** Takes what a machine of `demand` would use off a host's free room. */
interface Room {
  readonly host: Host
  free: Size
}

function rejection({ host, free }: Room, demand: Demand, refused: ReadonlySet<Id<'host'>>): Rejection | null {
  if (!host.accepting) return 'not_accepting'
  if (!host.facts) return 'no_facts'
  if (host.silentSince !== null) return 'silent'
  if (host.facts.architecture !== demand.architecture) return 'other_architecture'
  if (refused.has(host.id)) return 'just_refused'
  if (free.vcpus < demand.vcpus) return 'cpu_full'
  if (free.memoryMiB < demand.memoryMiB) return 'memory_full'
  if (free.diskMiB < demand.diskMiB) return 'disk_full'
  return null
}

const less = (a: Size, b: Size): Size => ({
  vcpus: a.vcpus - b.vcpus,
  memoryMiB: a.memoryMiB - b.memoryMiB,
  diskMiB: a.diskMiB - b.diskMiB,
})

/**
 * A host for each of at most `max` machines of one demand, at least `min`, or `capacity`. Picks by chance among the
 * `limits.placementSpread` with most free memory, so that a burst spreads. Only a proposal: the claim in the batch decides.
 */
export function place(
  hosts: readonly Host[],
  demand: Demand,
  { min, max, refused, random }: { min: number; max: number; refused: ReadonlySet<Id<'host'>>; random: Random },
): Result<Placement> {
  const rooms: Room[] = hosts.map(host => ({ host, free: less(capacityOf(host), host.used) }))
  const chosen: Id<'host'>[] = []
  const rejected = new Map<Id<'host'>, Rejection>()
  while (chosen.length < max) {
    const fitting = rooms.filter(room => {
      const why = rejection(room, demand, refused)
      if (why) rejected.set(room.host.id, why)
      return why === null
    })
    if (fitting.length === 0) break
    fitting.sort((a, b) => b.free.memoryMiB - a.free.memoryMiB || (a.host.id < b.host.id ? -1 : 1))
    const room = pick(random, fitting.slice(0, limits.placementSpread))
    room.free = less(room.free, demand)
    chosen.push(room.host.id)
  }
  if (chosen.length >= min) return ok({ hosts: chosen, rejected })
  const why = [...rejected].map(([host, reason]) => `${host} ${reason}`).join(', ')
  return refuse(
    'capacity',
    hosts.length === 0
      ? `zone ${demand.zone} has no host yet; enrol one, or choose another zone`
      : `no host in ${demand.zone} has room for ${min} machine(s) of ${demand.vcpus} vCPU and ${demand.memoryMiB} MiB; choose a smaller flavor, or try again later`,
    { detail: why },
  )
}
