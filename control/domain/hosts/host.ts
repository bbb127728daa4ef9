import type { Id } from '@sirocco/shared/kit/id.ts'

/** Who vouches that nothing runs on a silent host: its management controller, or an admin who typed its name. */
export const fenceWays = ['word', 'ipmi'] as const
export type FenceWay = (typeof fenceWays)[number]

/** A host as placement and admins see it. Capacity counts with the overcommit ratios; `diskMiB` is the pool's. */
export interface Host {
  readonly id: Id<'host'>
  readonly agent: Id<'agent'>
  readonly name: string
  readonly zone: string
  readonly region: string
  readonly accepting: boolean
  /** Rises with each intent: a newer one supersedes the operations of an older. */
  readonly generation: number
  /** Of its agent's link. */
  readonly epoch: number
  /** Of its agent's machine, as its last link said. */
  readonly bootId: string | null
  /** Since `at` nothing runs on it, by whoever says so; null where it is heard, or nobody has said so. */
  readonly fenced: { readonly how: FenceWay; readonly by: Id<'user'>; readonly at: number } | null
  /** Its management controller; null where none is known. */
  readonly power: { readonly way: 'ipmi'; readonly address: string; readonly port: number; readonly username: string } | null
  /** When another machine last used its agent's key. */
  readonly clonedAt: number | null
  readonly revision: number
  readonly agentVersion: string
  /** Since when its agent is silent; null while it is heard. */
  readonly silentSince: number | null
  readonly cpuRatio: number
  readonly memoryRatio: number
  /** What the agent says of it; null until it has said anything. */
  readonly facts: {
    readonly hypervisor: string
    readonly hypervisorVersion: string
    readonly acceleration: 'hardware' | 'emulated' | 'simulated'
    readonly architecture: string
    readonly cpus: number
    readonly memoryMiB: number
    readonly diskMiB: number
    readonly warnings: readonly string[]
    readonly at: number
  } | null
  readonly used: Size
  readonly machines: number
  readonly orphans: readonly { readonly machine: string; readonly power: string }[]
}

export interface Size {
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
}

/** What may be claimed in all: the observed capacity times the ratios. Disks are thin; their sum may not exceed the pool fourfold. */
export const diskRatio = 4
export function capacityOf(host: Host): Size {
  if (!host.facts) return { vcpus: 0, memoryMiB: 0, diskMiB: 0 }
  return {
    vcpus: host.facts.cpus * host.cpuRatio,
    memoryMiB: host.facts.memoryMiB * host.memoryRatio,
    diskMiB: host.facts.diskMiB * diskRatio,
  }
}
