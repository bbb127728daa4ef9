import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { DefaultGroup } from './security.ts'

/** A subnet, or all that a machine has ports of. */
export type Beside = { readonly subnet: Id<'subnet'> } | { readonly machine: Id<'machine'> }

/** A network that people make, as it is inserted. */
export interface NewNetwork {
  readonly id: Id<'network'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly region: Id<'region'>
  readonly name: string
  /** What all its subnets lie in. */
  readonly cidr: string
}
export interface NewSubnet {
  readonly id: Id<'subnet'>
  readonly alias: string
  readonly network: Id<'network'>
  readonly zone: Id<'zone'>
  readonly cidr: string
}

/** What is written of networks. */
export type NetworkChange =
  | { readonly do: 'network.insert'; readonly network: NewNetwork; readonly defaultGroup: DefaultGroup }
  /** With its security groups. Guard `conflict` where it has a subnet still. */
  | { readonly do: 'network.delete'; readonly network: Id<'network'> }
  /**
   * Guard `stale` where its network is gone, or has other subnets than those that its range was judged beside; `quota` where it has more than
   * `limit` then.
   */
  | {
      readonly do: 'subnet.insert'
      readonly subnet: NewSubnet
      readonly beside: readonly Id<'subnet'>[]
      readonly limit: number
    }
  /** Guard `stale` where it is gone. */
  | { readonly do: 'subnet.holds'; readonly subnet: Id<'subnet'> }
  /** Its number rests for a while. Guard `conflict` where a port of it is there. */
  | { readonly do: 'subnet.delete'; readonly subnet: Id<'subnet'> }
  /** Its number in the tunnels of its zone, where it has none yet. Guard `conflict` where another subnet of the zone has that. */
  | { readonly do: 'subnet.number'; readonly subnet: Id<'subnet'>; readonly vni: number }
  /**
   * Ports of these subnets came to be, or are on another host: what is wanted changed on every host that has a port of them. One statement, whatever their number; `hosts`, as they were read, are poked.
   */
  | { readonly do: 'port.moved'; readonly of: Beside; readonly hosts: readonly Id<'host'>[] }

/** What is known of who shares a subnet with whom. */
export interface NeighbourReads {
  /** Hosts with a port of these subnets that are joined to others. */
  beside(of: Beside): Promise<Result<readonly Id<'host'>[]>>
}
