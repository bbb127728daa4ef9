import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'

/** A subnet, or all that a machine has ports of. */
export type Beside = { readonly subnet: Id<'subnet'> } | { readonly machine: Id<'machine'> }

/** What is written of networks. */
export type NetworkChange =
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
