import type { Id } from '@sirocco/shared/kit/id.ts'
import type { FenceWay, PowerWay } from '@sirocco/shared/model/hosts/power.ts'

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
  /** Of its agent's link. */
  readonly epoch: number
  /** Of its agent's machine, as its last link said. */
  readonly bootId: string | null
  /** Since `at` nothing runs on it, by whoever says so; null where it is heard, or nobody has said so. */
  readonly fenced: { readonly how: FenceWay; readonly by: Id<'user'>; readonly at: number } | null
  /** Its management controller; null where none is known. */
  readonly power: {
    readonly way: PowerWay
    readonly address: string
    readonly port: number
    readonly username: string
    /** Of Redfish: SHA-256 of its certificate in hex; null: the asking host trusts whoever signed it. */
    readonly pin: string | null
    /** Of Redfish, where it has several. */
    readonly system: string | null
  } | null
  /** When another machine last used its agent's key. */
  readonly clonedAt: number | null
  readonly revision: number
  readonly agentVersion: string
  /** SHA-256 of the bundle that its agent runs, and the protocol that it speaks, as it last said; null: it has not. */
  readonly agentBundle: string | null
  readonly agentProtocol: number | null
  /** Since when its agent is silent; null while it is heard. */
  readonly silentSince: number | null
  readonly cpuRatio: number
  readonly memoryRatio: number
  /** Disks are thin: their sum may exceed what the pool has. */
  readonly diskRatio: number
  /** What launches may ask for; an admin's words. */
  readonly tags: Readonly<Record<string, string>>
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

/** What an admin says of a host. */
export type HostWords = Pick<Host, 'accepting' | 'cpuRatio' | 'memoryRatio' | 'diskRatio' | 'tags'>

export interface Size {
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
}

type Capacious = Pick<Host, 'cpuRatio' | 'memoryRatio' | 'diskRatio'> & {
  readonly facts: { readonly cpus: number; readonly memoryMiB: number; readonly diskMiB: number } | null
}

/** What may be claimed in all: the observed capacity times the ratios. */
export function capacityOf({ facts, cpuRatio, memoryRatio, diskRatio }: Capacious): Size {
  if (!facts) return { vcpus: 0, memoryMiB: 0, diskMiB: 0 }
  return {
    vcpus: Math.floor(facts.cpus * cpuRatio),
    memoryMiB: Math.floor(facts.memoryMiB * memoryRatio),
    diskMiB: Math.floor(facts.diskMiB * diskRatio),
  }
}

/** What may still be claimed; below zero where a ratio was lowered under what is used. */
export function freeOf(host: Capacious & Pick<Host, 'used'>): Size {
  const all = capacityOf(host)
  return {
    vcpus: all.vcpus - host.used.vcpus,
    memoryMiB: all.memoryMiB - host.used.memoryMiB,
    diskMiB: all.diskMiB - host.used.diskMiB,
  }
}
