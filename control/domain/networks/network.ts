import type { Id } from '@sirocco/shared/kit/id.ts'

export interface Network {
  readonly id: Id<'network'>
  /** `vpc-` and 17 hex digits. */
  readonly alias: string
  readonly name: string
  readonly region: string
  readonly isDefault: boolean
  /** What all its subnets lie in; null of a default network, which has those it has. */
  readonly cidr: string | null
  readonly subnets: readonly Subnet[]
}

export interface Subnet {
  readonly id: Id<'subnet'>
  /** `subnet-` and 17 hex digits. */
  readonly alias: string
  readonly zone: string
  readonly zoneId: Id<'zone'>
  /** e.g. 10.64.3.0/24. */
  readonly cidr: string
  readonly mtu: number
  /** Its number in the tunnels between the hosts of its zone; null: it has none yet. */
  readonly vni: number | null
}
