import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Neighbour, WantedGroup, WantedNetwork, WantedPort } from '@sirocco/shared/wire/objects.ts'
import type { Plug } from './compute.ts'

/** A network with the ports that this host carries. */
export interface NetworkOnHost {
  readonly network: WantedNetwork
  readonly ports: readonly (WantedPort & { readonly hostname: string })[]
  /** Ports of it on other hosts, where this host is joined to theirs. */
  readonly neighbours?: readonly Neighbour[]
  /** Security groups that these are in, and those that their rules name. */
  readonly groups?: readonly WantedGroup[]
}

/**
 * Networks on one host. `apply` is given all that is wanted and makes it so: what is there and not wanted is removed, of this
 * instance only; called twice, the second does nothing. Faults: `conflict` when a range is taken by something else on this host.
 */
export interface Networks {
  apply(wanted: readonly NetworkOnHost[]): Promise<Result<void>>
  /** Where a port plugs in; its network was applied before. */
  plug(port: WantedPort, network: WantedNetwork): Plug
  /** Networks of this instance that have anything here. */
  list(): Promise<Result<readonly string[]>>
  /** What an admin should know: `net.ipv4 FORWARD policy is DROP (Docker, ufw): guests reach nothing; run …`. */
  warnings(): Promise<readonly string[]>
}
