import type { Firmware, Power } from '@sirocco/shared/model/machines/states.ts'
import type { PoolType, SourceKind } from '@sirocco/shared/model/volumes/states.ts'
import type {
  ImageFile,
  SeenMove,
  VolumeSource,
  Wanted,
  WantedGroup,
  WantedMachine,
  WantedMove,
  WantedNeighbours,
  WantedPool,
  WantedVolume,
} from '@sirocco/shared/wire/objects.ts'
import type { Tombstone } from '../machines/tombstone.ts'
import type { MigrationPhase } from '../migrations/migration.ts'
import { gatewayOf } from '../networks/range.ts'
import { likeness, type SecurityRule } from '../security/group.ts'
import { type Ceph, isShared } from '../volumes/pool.ts'

/** A machine's rows as far as its host must know them; user-data opened. */
export interface PlacedMachine {
  readonly id: string
  readonly alias: string
  readonly name: string
  readonly generation: number
  readonly power: Power
  readonly vcpus: number
  readonly memoryMiB: number
  readonly firmware: Firmware
  readonly image: { readonly id: string; readonly files: readonly ImageFile[]; readonly cmdline: string | null }
  readonly publicKeys: readonly string[]
  /** base64; empty where there is none. */
  readonly userData: string
  readonly ports: readonly {
    readonly id: string
    readonly subnet: string
    readonly mac: string
    readonly address: string
    readonly groups: readonly string[]
  }[]
  readonly move?: WantedMove
}

/** A layer-2 segment with a port on the host. */
export interface PlacedSubnet {
  readonly id: string
  readonly generation: number
  readonly cidr: string
  readonly mtu: number
  readonly vni: number | null
  /** Its range is of the zone's own: no other network there meets it. */
  readonly pooled: boolean
}

/** A port of such a segment on another host. */
export interface PlacedNeighbour {
  readonly id: string
  readonly subnet: string
  readonly mac: string
  readonly address: string
  readonly hostname: string
  readonly host: string
  /** That host's address on the underlay. */
  readonly via: string
}

/** The ports of one subnet on each of its hosts, by host, the same for whichever host is to be told of them. */
export function neighboursByHost(ports: readonly PlacedNeighbour[]): ReadonlyMap<string, WantedNeighbours> {
  const found = new Map<string, WantedNeighbours>()
  for (const [host, there] of Map.groupBy(ports, ({ host }) => host)) {
    const [first] = there
    if (!first) continue
    const sorted = there.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    found.set(host, {
      kind: 'neighbours',
      id: `${first.subnet}@${host}`,
      generation: 0,
      network: first.subnet,
      via: first.via,
      ports: sorted.map(({ id, mac, address, hostname }) => ({ id, mac, address, hostname })),
    })
  }
  return found
}

/** A security group that a port on the host is in, or that a rule of such a one names. */
export interface PlacedGroup {
  readonly id: string
  readonly rules: readonly Pick<SecurityRule, 'direction' | 'protocol' | 'from' | 'to' | 'cidr' | 'peer'>[]
  readonly members: readonly string[]
}

/** A volume that lies on the host. */
export interface PlacedVolume {
  readonly id: string
  readonly generation: number
  readonly sizeMiB: number
  readonly deleted: boolean
  readonly sourceKind: SourceKind
  readonly sourceSnapshot: string | null
  readonly sourceBackup: string | null
  readonly revertSnapshot: string | null
  readonly revertTurn: number | null
  /** It was on this host when the data was backed up which was restored since. */
  readonly kept: boolean
  /** It came to this host from another. */
  readonly taken: boolean
  readonly pool: PlacedPool
  readonly image: { readonly id: string; readonly files: readonly ImageFile[] } | null
  readonly attachment: {
    readonly machine: string
    readonly device: string
    readonly boot: boolean
    readonly readOnly: boolean
  } | null
}
export interface PlacedSnapshot {
  readonly id: string
  readonly generation: number
  readonly volume: string
  readonly moment: string | null
  readonly kept: boolean
  readonly sizeMiB: number
  readonly deleted: boolean
  readonly pool: PlacedPool
}
/** `pool` of a volume; null of a machine. */
export interface PlacedTombstone extends Omit<Tombstone, 'host'> {
  readonly pool: PlacedPool | null
  /** It is on another host now, or on its way to be: not gone. */
  readonly lives: boolean
}
export interface PlacedPool {
  readonly id: string
  readonly type: PoolType
  readonly path: string | null
  readonly ceph: Ceph | null
}
/** A pool itself, with its user's key in Ceph. */
export interface PlacedPlace extends PlacedPool {
  readonly key: string | null
}

/** What one host is to carry. Pure: the same rows give the same objects, and so the same digests. */
export function desiredOf(
  machines: readonly PlacedMachine[],
  subnets: readonly PlacedSubnet[],
  volumes: readonly PlacedVolume[],
  snapshots: readonly PlacedSnapshot[],
  left: readonly PlacedTombstone[] = [],
  groups: readonly WantedGroup[] = [],
  neighbours: readonly WantedNeighbours[] = [],
  pools: readonly PlacedPlace[] = [],
): Wanted[] {
  const here = new Set<string>([...machines, ...volumes].map(({ id }) => id))
  return [
    ...subnets.map(
      ({ id, generation, cidr, mtu, vni, pooled }): Wanted => ({
        kind: 'network',
        id,
        generation,
        cidr,
        gateway: gatewayOf(cidr),
        mtu,
        domain: 'sirocco.internal',
        ...(vni === null ? {} : { vni }),
        ...(pooled ? {} : { apart: true }),
        gone: false,
      }),
    ),
    ...neighbours,
    ...groups,
    ...pools.map((pool): Wanted => ({ kind: 'pool', id: pool.id, generation: 0, pool: wantedPlace(pool) })),
    ...volumes.map(wantedVolume),
    ...snapshots.map(
      ({ id, generation, volume, sizeMiB, moment, kept, deleted, pool }): Wanted => ({
        kind: 'snapshot',
        id,
        generation,
        pool: wantedPool(pool),
        volume,
        sizeMiB,
        ...(moment === null ? {} : { moment }),
        ...(kept ? { kept } : {}),
        gone: deleted,
      }),
    ),
    // Behind what they need, since a set may come in parts.
    ...machines.map(wantedMachine),
    ...left.filter(({ subject }) => !here.has(subject)).map(buried),
  ]
}

/** Removing takes nothing but the id: the machine or volume itself may be forgotten long since. */
const buried = ({ subject: id, generation, pool, lives }: PlacedTombstone): Wanted =>
  pool === null
    ? {
        kind: 'machine',
        id,
        generation,
        power: 'gone',
        name: id,
        vcpus: 1,
        memoryMiB: 1,
        image: { id: '', files: [] },
        ports: [],
        seed: { instanceId: '', keys: [], userData: '' },
      }
    : {
        kind: 'volume',
        id,
        generation,
        pool: wantedPool(pool),
        sizeMiB: 1,
        source: { from: 'nothing' },
        attached: null,
        gone: true,
        ...(lives && isShared(pool) ? { elsewhere: true } : {}),
      }

const wantedMachine = (machine: PlacedMachine): WantedMachine => ({
  kind: 'machine',
  id: machine.id,
  generation: machine.generation,
  power: machine.power,
  name: hostnameOf(machine.name, machine.alias),
  vcpus: machine.vcpus,
  memoryMiB: machine.memoryMiB,
  ...(machine.firmware === 'bios' ? {} : { firmware: machine.firmware }),
  image: {
    id: machine.image.id,
    files: [...machine.image.files],
    ...(machine.image.cmdline === null ? {} : { cmdline: machine.image.cmdline }),
  },
  ports: machine.ports.map(({ id, subnet, mac, address, groups }) => ({
    id,
    network: subnet,
    mac,
    address,
    groups: [...groups].sort(),
  })),
  seed: { instanceId: machine.alias, keys: [...machine.publicKeys], userData: machine.userData },
  ...(machine.move ? { move: machine.move } : {}),
})

/** Sorted, so that the same rules and members are the same object, whatever order they were read in. */
export const wantedGroup = ({ id, rules, members }: PlacedGroup): WantedGroup => ({
  kind: 'group',
  id,
  generation: 0,
  rules: rules
    .map(rule => ({ rule, like: likeness(rule) }))
    .sort((a, b) => (a.like < b.like ? -1 : 1))
    .map(({ rule: { direction, protocol, from, to, cidr, peer } }) => ({
      direction,
      protocol,
      ...(from === null ? {} : { from }),
      ...(to === null ? {} : { to }),
      ...(cidr === null ? {} : { cidr }),
      ...(peer === null ? {} : { group: peer }),
    })),
  members: [...members].sort(),
})

function wantedPlace(place: PlacedPlace): WantedPool {
  const pool = wantedPool(place)
  return pool.type === 'rbd' && place.key !== null ? { ...pool, key: place.key } : pool
}

function wantedPool({ id, type, path, ceph }: PlacedPool): WantedPool {
  if (type === 'directory') return { type, id, ...(path === null ? {} : { path }) }
  if (path === null) throw new Error('impossible: a shared pool without a directory')
  if (type === 'rbd') {
    if (ceph === null) throw new Error('impossible: a pool in Ceph without monitors')
    return { type, id, path, monitors: [...ceph.monitors], user: ceph.user }
  }
  return { type, id, path }
}

/** It lies in its shared pool already, whichever host had it: it is taken as it is. */
const isTaken = ({ pool, taken }: PlacedVolume): boolean => isShared(pool) && taken

const wantedVolume = (volume: PlacedVolume): WantedVolume => ({
  kind: 'volume',
  id: volume.id,
  generation: volume.generation,
  pool: wantedPool(volume.pool),
  sizeMiB: volume.sizeMiB,
  source: isTaken(volume) ? { from: 'found' } : sources[volume.sourceKind](volume),
  attached: volume.attachment && {
    machine: volume.attachment.machine,
    device: volume.attachment.device,
    boot: volume.attachment.boot,
    readOnly: volume.attachment.readOnly,
  },
  ...(volume.revertSnapshot === null || volume.revertTurn === null
    ? {}
    : { reverted: { snapshot: volume.revertSnapshot, turn: volume.revertTurn } }),
  ...(volume.kept && !isTaken(volume) ? { kept: true } : {}),
  gone: volume.deleted,
})

/** What an image is of is only its disk; a kernel is the machine's. */
const sources = {
  image: ({ image }) => ({
    from: 'image',
    image: image?.id ?? '',
    files: (image?.files ?? []).filter(({ role }) => role === 'disk'),
  }),
  snapshot: ({ sourceSnapshot }) => ({ from: 'snapshot', snapshot: sourceSnapshot ?? '' }),
  backup: ({ sourceBackup }) => ({ from: 'backup', backup: sourceBackup ?? '' }),
  nothing: () => ({ from: 'nothing' }),
  found: () => ({ from: 'found' }),
} satisfies Record<SourceKind, (volume: PlacedVolume) => VolumeSource>

/** What a host must know of a move that it is part of. */
export const wantedMove = (
  {
    id,
    source,
    phase,
    offline,
    targetSaw,
  }: { id: string; source: string; phase: MigrationPhase; offline: boolean; targetSaw: SeenMove | null },
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
    ...(offline ? { offline } : {}),
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
