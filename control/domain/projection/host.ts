import type { Power } from '@sirocco/shared/model/machines/states.ts'
import type { ImageFile, SeenMove, Wanted, WantedMachine, WantedMove } from '@sirocco/shared/wire/objects.ts'
import type { MigrationPhase } from '../migrations/migration.ts'
import { gatewayOf } from '../networks/range.ts'

/** A machine's rows as far as its host must know them; user-data opened. */
export interface PlacedMachine {
  readonly id: string
  readonly alias: string
  readonly name: string
  readonly generation: number
  readonly power: Power
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  readonly image: { readonly id: string; readonly files: readonly ImageFile[]; readonly cmdline: string | null }
  readonly publicKeys: readonly string[]
  /** base64; empty where there is none. */
  readonly userData: string
  readonly ports: readonly { readonly id: string; readonly subnet: string; readonly mac: string; readonly address: string }[]
  readonly move?: WantedMove
}

/** A layer-2 segment with a port on the host. */
export interface PlacedSubnet {
  readonly id: string
  readonly generation: number
  readonly cidr: string
  readonly mtu: number
}

/** What one host is to carry. Pure: the same rows give the same objects, and so the same digests. */
export function desiredOf(machines: readonly PlacedMachine[], subnets: readonly PlacedSubnet[]): Wanted[] {
  return [
    ...subnets.map(
      ({ id, generation, cidr, mtu }): Wanted => ({
        kind: 'network',
        id,
        generation,
        cidr,
        gateway: gatewayOf(cidr),
        mtu,
        domain: 'sirocco.internal',
        gone: false,
      }),
    ),
    ...machines.map(wantedMachine),
  ]
}

const wantedMachine = (machine: PlacedMachine): WantedMachine => ({
  kind: 'machine',
  id: machine.id,
  generation: machine.generation,
  power: machine.power,
  name: hostnameOf(machine.name, machine.alias),
  vcpus: machine.vcpus,
  memoryMiB: machine.memoryMiB,
  diskMiB: machine.diskMiB,
  image: {
    id: machine.image.id,
    files: [...machine.image.files],
    ...(machine.image.cmdline === null ? {} : { cmdline: machine.image.cmdline }),
  },
  ports: machine.ports.map(({ id, subnet, mac, address }) => ({ id, network: subnet, mac, address })),
  seed: { instanceId: machine.alias, keys: [...machine.publicKeys], userData: machine.userData },
  ...(machine.move ? { move: machine.move } : {}),
})

/** What a host must know of a move that it is part of. */
export const wantedMove = (
  { id, source, phase, targetSaw }: { id: string; source: string; phase: MigrationPhase; targetSaw: SeenMove | null },
  host: string,
  secret: string,
): WantedMove => {
  const from = source === host
  return {
    id,
    role: from ? 'from' : 'to',
    secret,
    endpoint: from && phase === 'moving' ? (targetSaw?.endpoint ?? null) : null,
    off: phase === 'calling-off',
  }
}

/** A name as a DNS label (RFC 1123); where nothing of it is left, the EC2 id. */
export function hostnameOf(name: string, alias: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return label === '' ? alias : label
}
