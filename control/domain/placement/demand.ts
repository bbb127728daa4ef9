import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Rejection } from '@sirocco/shared/model/placement/rejections.ts'
import type { Size } from '../hosts/host.ts'
import type { Room } from '../volumes/pool.ts'
import type { Grouping } from './group.ts'

/** What one machine asks of its host. */
export interface Demand extends Size {
  readonly zone: string
  readonly architecture: string
  /** The host has all of these, with these values. */
  readonly hostTags: Readonly<Record<string, string>>
  readonly group: Grouping | null
  /** Of this kind, where it matters: what already ran goes on only there. */
  readonly hypervisor?: string
  /** On one of these: where its local volumes are. */
  readonly only?: ReadonlySet<Id<'host'>>
  /** Besides the host's own disk: room in pools that are on it. */
  readonly lying?: Room['lying']
}

/** A host as placement sees it. */
export interface Candidate {
  readonly id: Id<'host'>
  readonly name: string
  readonly accepting: boolean
  /** Since when its agent is silent; null while it is heard. */
  readonly silentSince: number | null
  /** What its agent says of it; null until it has said anything. */
  readonly facts: { readonly architecture: string; readonly hypervisor: string } | null
  readonly tags: Readonly<Record<string, string>>
  /** Capacity times ratios, less what is claimed. */
  readonly free: Size
  /** Machines of the demand's group on it. */
  readonly members: number
  /** MiB that are free in the pools that can be used there, by pool; only where the demand asks of any. */
  readonly pools?: Readonly<Record<string, number>>
}

/** What stands beside one host: the same for all of them. */
export interface Around {
  /** Hosts that refused in earlier tries. */
  readonly refused: ReadonlySet<Id<'host'>>
  /** Is any machine of the group placed yet, wherever? */
  readonly begun: boolean
  /** Machines that must go on one host together. */
  readonly together: number
}

type Test = (host: Candidate, demand: Demand, around: Around) => boolean
const strictly = ({ group }: Demand, policy: Grouping['policy']) => group?.strict === true && group.policy === policy

/** When a host is left out for it. */
const tests = {
  no_facts: ({ facts }) => facts === null,
  not_accepting: ({ accepting }) => !accepting,
  silent: ({ silentSince }) => silentSince !== null,
  just_refused: ({ id }, _, { refused }) => refused.has(id),
  other_architecture: ({ facts }, { architecture }) => facts?.architecture !== architecture,
  other_hypervisor: ({ facts }, { hypervisor }) => hypervisor !== undefined && facts?.hypervisor !== hypervisor,
  tags_missing: ({ tags }, { hostTags }) =>
    Object.entries(hostTags).some(([key, value]) => !Object.hasOwn(tags, key) || tags[key] !== value),
  disk_elsewhere: ({ id }, { only }) => only !== undefined && !only.has(id),
  pool_missing: ({ pools }, { lying = [] }) => lying.some(({ pool }) => pools?.[pool] === undefined),
  group_elsewhere: ({ members }, demand, { begun }) => strictly(demand, 'affinity') && begun && members === 0,
  group_here: ({ members }, demand) => strictly(demand, 'anti-affinity') && members > 0,
  cpu_full: ({ free }, { vcpus }, { together }) => free.vcpus < vcpus * together,
  memory_full: ({ free }, { memoryMiB }, { together }) => free.memoryMiB < memoryMiB * together,
  disk_full: ({ free }, { diskMiB }, { together }) => free.diskMiB < diskMiB * together,
  pool_full: ({ pools }, { lying = [] }, { together }) => lying.some(({ pool, miB }) => (pools?.[pool] ?? 0) < miB * together),
} as const satisfies Record<Rejection, Test>

const inOrder = Object.entries(tests) as readonly [Rejection, Test][]

/** Why `host` cannot take one machine of `demand`; null: it can. */
export const rejectionOf = (host: Candidate, demand: Demand, around: Around): Rejection | null =>
  inOrder.find(([, leavesOut]) => leavesOut(host, demand, around))?.[0] ?? null

/** Machines of `demand` that would fit into `free`; size alone. */
export const countIn = (free: Size, { vcpus, memoryMiB, diskMiB }: Size): number =>
  Math.max(
    0,
    Math.min(
      vcpus === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(free.vcpus / vcpus),
      memoryMiB === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(free.memoryMiB / memoryMiB),
      diskMiB === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(free.diskMiB / diskMiB),
    ),
  )
