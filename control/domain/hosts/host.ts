import type { Id } from '@sirocco/shared/kit/id.ts'

/** `moving`: what runs on it goes elsewhere; `stopping`: and what cannot is stopped; `in`: nothing runs on it. */
export type Maintenance = 'none' | 'moving' | 'stopping' | 'in'

/** A host as placement and admins see it. Capacity counts with the overcommit ratios; `diskMiB` is the pool's. */
export interface Host {
  readonly id: Id<'host'>
  readonly agent: Id<'agent'>
  readonly name: string
  readonly zone: string
  readonly region: string
  readonly accepting: boolean
  readonly maintenance: Maintenance
  /** Rises with each intent: a newer one supersedes the operations of an older. */
  readonly generation: number
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
    /** On its site's underlay; null: no machine goes from it to another host, or comes to it. */
    readonly underlay: string | null
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
