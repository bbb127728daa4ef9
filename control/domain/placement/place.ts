import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { below, type Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Rejection } from '@sirocco/shared/model/placement/rejections.ts'
import { type Around, type Candidate, type Demand, rejectionOf } from './demand.ts'

export interface Placement {
  readonly hosts: readonly Id<'host'>[]
  /** Other hosts that one more machine would fit on, in no order. */
  readonly others: readonly Id<'host'>[]
  /** Hosts that were left out from the first machine on. */
  readonly rejected: ReadonlyMap<Id<'host'>, Rejection>
}

export interface Asked {
  readonly min: number
  readonly max: number
  /** Hosts that refused in earlier tries. */
  readonly refused: ReadonlySet<Id<'host'>>
  readonly random: Random
}

/**
 * A host for each of at most `max` machines of one demand, at least `min`, or `capacity`. Of `limits.placementSpread` hosts drawn by
 * chance the one with most free memory is taken, so that a burst spreads and hosts fill evenly. Linear in hosts and machines. Only a
 * proposal: the claim in the batch decides.
 */
export function place(hosts: readonly Candidate[], demand: Demand, { min, max, refused, random }: Asked): Result<Placement> {
  const begun = hosts.some(host => host.members > 0)
  const strict = demand.group?.strict ?? false
  const onOne = strict && demand.group?.policy === 'affinity'
  const around: Around = { refused, begun, together: onOne && !begun ? Math.max(1, min) : 1 }
  const rejected = new Map<Id<'host'>, Rejection>()
  const rooms = new Rooms(demand)
  for (const host of hosts) {
    const why = rejectionOf(host, demand, around)
    if (why === null) rooms.put(host)
    else rejected.set(host.id, why)
  }

  const chosen: Id<'host'>[] = []
  const after: Around = { refused, begun: true, together: 1 }
  while (chosen.length < max) {
    const host = rooms.draw(random)
    if (host === null) break
    chosen.push(host.id)
    if (onOne && !begun && chosen.length === 1) rooms.clear()
    const left = withOneMore(host, demand)
    if (rejectionOf(left, demand, after) === null) rooms.put(left)
  }
  return chosen.length >= min ? ok({ hosts: chosen, others: rooms.left(), rejected }) : refusal(hosts, demand, min, rejected)
}

const withOneMore = (host: Candidate, { vcpus, memoryMiB, diskMiB }: Demand): Candidate => ({
  ...host,
  free: {
    vcpus: host.free.vcpus - vcpus,
    memoryMiB: host.free.memoryMiB - memoryMiB,
    diskMiB: host.free.diskMiB - diskMiB,
  },
  members: host.members + 1,
})

/** Hosts that fit, by how much the group prefers them: lower ranks are used up first. */
class Rooms {
  readonly #ranks = new Map<number, Candidate[]>()
  readonly #rankOf: (host: Candidate) => number

  constructor({ group }: Demand) {
    this.#rankOf =
      group === null || group.strict
        ? () => 0
        : group.policy === 'affinity'
          ? ({ members }) => (members > 0 ? 0 : 1)
          : ({ members }) => members
  }

  put(host: Candidate): void {
    const rank = this.#rankOf(host)
    const rooms = this.#ranks.get(rank)
    if (rooms) rooms.push(host)
    else this.#ranks.set(rank, [host])
  }

  clear(): void {
    this.#ranks.clear()
  }

  left(): Id<'host'>[] {
    return [...this.#ranks.values()].flat().map(host => host.id)
  }

  /** Takes out the roomiest of a few drawn from the best rank; null where there is none. */
  draw(random: Random): Candidate | null {
    const rank = Math.min(...this.#ranks.keys())
    const rooms = this.#ranks.get(rank)
    if (!rooms) return null
    let best = below(random, rooms.length)
    for (let n = 1; n < limits.placementSpread; n++) {
      const other = below(random, rooms.length)
      if (roomOf(rooms[other]) > roomOf(rooms[best])) best = other
    }
    const drawn = rooms[best]
    const last = rooms.pop()
    if (last && drawn && last !== drawn) rooms[best] = last
    if (rooms.length === 0) this.#ranks.delete(rank)
    return drawn ?? null
  }
}
const roomOf = (host: Candidate | undefined): number => host?.free.memoryMiB ?? Number.NEGATIVE_INFINITY

/** What the person who asked can do about it; how many hosts were left out for what, for the operator. */
function refusal(hosts: readonly Candidate[], demand: Demand, min: number, rejected: ReadonlyMap<Id<'host'>, Rejection>) {
  const reasons = Map.groupBy(rejected.values(), reason => reason)
  const detail = [...reasons].map(([reason, { length }]) => `${length} ${reason}`).join(', ')
  const what = `${min === 1 ? 'a machine' : `${min} machines`} of ${demand.vcpus} vCPU and ${demand.memoryMiB} MiB`
  return refuse('capacity', hosts.length === 0 ? noHost(demand) : noRoom(demand, what, reasons.has('tags_missing')), { detail })
}

const noHost = ({ zone }: Demand) => `zone ${zone} has no host yet; enrol one, or choose another zone`

function noRoom({ zone, group }: Demand, what: string, tagged: boolean): string {
  if (group?.strict && group.policy === 'anti-affinity')
    return `the placement group keeps its machines apart, and no further hosts in ${zone} have room for ${what}; launch fewer, outside of the group, or later`
  if (group?.strict)
    return `the placement group keeps its machines together, and no one host has room for ${what}; choose a smaller flavor, or launch outside of the group`
  if (tagged)
    return `no host in ${zone} with the tags that are asked for has room for ${what}; ask for other tags, or try again later`
  return `no host in ${zone} has room for ${what}; choose a smaller flavor, or try again later`
}
