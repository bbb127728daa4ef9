import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { firmwares, powers, seenPowers } from '../model/machines/states.ts'
import { protocolOf, ruleDirections } from '../model/security/rule.ts'
import { cephKey, cephMonitor, cephName } from '../model/volumes/ceph.ts'
import { poolPath } from '../model/volumes/pool-path.ts'
import { SeenBackup, WantedBackup } from './backups.ts'
import { SeenImport, WantedImport } from './imports.ts'
import { FoundSpec } from './orphans.ts'
import { WireFault, WireId, words } from './words.ts'

export { WireFault, WireId, words } from './words.ts'

/** One file of an image, named by its content. */
export const ImageFile = z.strictObject({
  role: z.enum(['disk', 'kernel', 'initrd']),
  format: z.enum(['qcow2', 'raw']),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
})
export type ImageFile = z.output<typeof ImageFile>

/** A machine's interface on a network; `mac` lower case with colons, addresses without prefix. */
export const WantedPort = z.strictObject({
  id: z.string(),
  network: z.string(),
  mac: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  address: z.ipv4(),
  /** Security groups that it is in. Left out by a control plane that knows of none: then it is not filtered. */
  groups: z.array(z.string()).max(64).optional(),
})
export type WantedPort = z.output<typeof WantedPort>

/** Where a host listens for another on the underlay of their site. */
export const Endpoint = z.strictObject({ address: z.union([z.ipv4(), z.ipv6()]), port: z.int().min(1).max(65_535) })
export type Endpoint = z.output<typeof Endpoint>

/** A machine that goes from one host to another: both are told, and neither starts it by itself until one of them is told no longer. */
export const WantedMove = z.strictObject({
  id: z.string(),
  role: z.enum(['from', 'to']),
  /** 32 bytes in base64 that the two hosts know each other by. Secret: logged nowhere. */
  secret: z.base64().length(44),
  /** For `from`: where it goes; null until the other host has room for it. */
  endpoint: Endpoint.nullable(),
  /** Called off: `from` ends what is under way, `to` takes nothing in any more. */
  off: z.boolean(),
  /** It goes while it is off: its volumes alone. */
  offline: z.literal(true).optional(),
})
export type WantedMove = z.output<typeof WantedMove>

/** What a host is to make of a machine. `power: 'gone'` is the tombstone: nothing of it may remain. */
export const WantedMachine = z.strictObject({
  kind: z.literal('machine'),
  id: z.string(),
  generation: z.int().nonnegative(),
  power: z.enum(powers),
  /** The hostname in the guest, and the name people see beside the id in the hypervisor's own tools. */
  name: z.string(),
  vcpus: z.int().positive(),
  memoryMiB: z.int().positive(),
  /** What the guest starts from; a PC BIOS where it is left out. */
  firmware: z.enum(firmwares).optional(),
  /** What it boots by, where the image brings a kernel of its own; its disks are the volumes attached to it. */
  image: z.strictObject({ id: z.string(), files: z.array(ImageFile), cmdline: z.string().optional() }),
  ports: z.array(WantedPort),
  /** NoCloud seed: EC2's instance id, ssh public keys, user-data in base64. Secret: logged nowhere. */
  seed: z.strictObject({ instanceId: z.string(), keys: z.array(z.string()), userData: z.string() }),
  move: WantedMove.optional(),
})
export type WantedMachine = z.output<typeof WantedMachine>

/** A network as one host must carry it. */
export const WantedNetwork = z.strictObject({
  kind: z.literal('network'),
  id: z.string(),
  generation: z.int().nonnegative(),
  /** e.g. 10.64.3.0/24; the first address is the gateway's. */
  cidr: z.cidrv4(),
  gateway: z.ipv4(),
  mtu: z.int().min(1280).max(9216),
  domain: z.string(),
  /** Its number in the tunnels between the hosts of its zone (VXLAN); without one it is this host's alone. */
  vni: z.int().min(1).max(0xff_ff_ff).optional(),
  /** Its range may be anybody's, another network's of the same host too: its gateway is apart from the host, which does not reach its machines. */
  apart: z.literal(true).optional(),
  /** The tombstone: nothing of it may remain. */
  gone: z.boolean(),
})
export type WantedNetwork = z.output<typeof WantedNetwork>

/** A port of a network on another host: where frames for it go, and its name. */
const NeighbourPort = z.strictObject({
  id: z.string(),
  mac: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  address: z.ipv4(),
  hostname: z.string(),
})

/** The ports that a network has on another host: as one object, since they come and go by their host's word, and every host of the network is told. */
export const WantedNeighbours = z.strictObject({
  kind: z.literal('neighbours'),
  id: z.string(),
  generation: z.int().nonnegative(),
  network: z.string(),
  /** Their host's address on the underlay. */
  via: z.union([z.ipv4(), z.ipv6()]),
  ports: z.array(NeighbourPort).min(1),
})
export type WantedNeighbours = z.output<typeof WantedNeighbours>

export interface Neighbour extends z.output<typeof NeighbourPort> {
  readonly network: string
  readonly via: string
}
export const neighboursIn = (objects: readonly WantedNeighbours[]): Neighbour[] =>
  objects.flatMap(({ network, via, ports }) => ports.map(port => ({ ...port, network, via })))

/** What a security group lets through. Answers to it always pass. */
export const WantedRule = z.strictObject({
  direction: z.enum(ruleDirections),
  /** `all`, a name or a number. */
  protocol: z.string().refine(text => protocolOf(text) === text),
  /** Ports from and to; of ICMP type and code. Left out: any. */
  from: z.int().min(0).max(65_535).optional(),
  to: z.int().min(0).max(65_535).optional(),
  /** Of the other end; one of the two is there. */
  cidr: z.union([z.cidrv4(), z.cidrv6()]).optional(),
  group: z.string().optional(),
})
export type WantedRule = z.output<typeof WantedRule>

/** A security group as one host must know it. */
export const WantedGroup = z.strictObject({
  kind: z.literal('group'),
  id: z.string(),
  generation: z.int().nonnegative(),
  /** None where no port here is in it. */
  rules: z.array(WantedRule),
  /** Addresses of all its ports, on other hosts too; none where no rule here names it. */
  members: z.array(z.union([z.ipv4(), z.ipv6()])),
})
export type WantedGroup = z.output<typeof WantedGroup>
/** Absolute, and one way to write it; no place that an operating system keeps for itself. */
const PoolPath = z.string().max(200).regex(poolPath)

/** Where a volume's bytes lie on its host; the same words name the same place on every host of a zone. */
export const WantedPool = z.discriminatedUnion('type', [
  /** Files under the agent's own storage directory; with `path` under a directory of the host that is there already. */
  z.strictObject({ type: z.literal('directory'), id: z.string(), path: PoolPath.optional() }),
  /** Files under a directory that every host of the zone has mounted. */
  z.strictObject({ type: z.literal('nfs'), id: z.string(), path: PoolPath }),
  /** Images in a pool of Ceph, which is named by `path`; the user's key comes with the pool itself alone, not with each volume. */
  z.strictObject({
    type: z.literal('rbd'),
    id: z.string(),
    path: z.string().regex(cephName),
    monitors: z.array(z.string().regex(cephMonitor)).min(1).max(limits.cephMonitors),
    user: z.string().regex(cephName),
    key: z.string().regex(cephKey).optional(),
  }),
])
export type WantedPool = z.output<typeof WantedPool>

/** A pool of the host's zone that has a directory: is it here, and how large? */
export const WantedPlace = z.strictObject({
  kind: z.literal('pool'),
  id: z.string(),
  generation: z.int().nonnegative(),
  pool: WantedPool,
})
export type WantedPlace = z.output<typeof WantedPlace>

/** What a volume begins with. */
export const VolumeSource = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('image'), image: z.string(), files: z.array(ImageFile) }),
  z.strictObject({ from: z.literal('snapshot'), snapshot: z.string() }),
  z.strictObject({ from: z.literal('backup'), backup: z.string() }),
  z.strictObject({ from: z.literal('nothing') }),
  /** It was found on its host, and what it stands on is not known: where it is lost, it is never made. */
  z.strictObject({ from: z.literal('found') }),
])
export type VolumeSource = z.output<typeof VolumeSource>

/** A volume as one host must keep it. It only ever grows. */
export const WantedVolume = z.strictObject({
  kind: z.literal('volume'),
  id: z.string(),
  generation: z.int().nonnegative(),
  pool: WantedPool,
  sizeMiB: z.int().positive(),
  source: VolumeSource,
  /** The machine that has it, and where the guest finds it: `vda`. */
  attached: z
    .strictObject({ machine: z.string(), device: z.string().regex(/^vd(?:[a-z]|aa)$/), boot: z.boolean(), readOnly: z.boolean() })
    .nullable(),
  /** The snapshot of it that it goes back to, keeping its size, while no guest has it open; each time it is asked the turn is higher. */
  reverted: z.strictObject({ snapshot: z.string(), turn: z.int().positive() }).optional(),
  /** It was on this host already: where it is not any more, it is lost, and never made anew. */
  kept: z.literal(true).optional(),
  /** The tombstone: nothing of it may remain but what snapshots of it, and volumes made from those, stand on. */
  gone: z.boolean(),
  /** It is another host's now: of a shared pool only the hold on it goes. */
  elsewhere: z.literal(true).optional(),
})
export type WantedVolume = z.output<typeof WantedVolume>

/** What a volume held at one moment, kept beside it. */
export const WantedSnapshot = z.strictObject({
  kind: z.literal('snapshot'),
  id: z.string(),
  generation: z.int().nonnegative(),
  pool: WantedPool,
  volume: z.string(),
  /** Of the volume when it was made. */
  sizeMiB: z.int().positive(),
  /** Shared by the snapshots of one machine that hold what its volumes held at one and the same moment. */
  moment: z.string().optional(),
  /** As of a volume. */
  kept: z.literal(true).optional(),
  gone: z.boolean(),
})
export type WantedSnapshot = z.output<typeof WantedSnapshot>

export const Wanted = z.discriminatedUnion('kind', [
  WantedMachine,
  WantedNetwork,
  WantedNeighbours,
  WantedGroup,
  WantedPlace,
  WantedVolume,
  WantedSnapshot,
  WantedImport,
  WantedBackup,
])
export type Wanted = z.output<typeof Wanted>

/**
 * How far a move is on this side. Where it goes: `ready` (room is made, and `endpoint` listened at), then `arrived`, or `nothing`: it is not here
 * and will not come. Where it is from: `moving`, then `left`, or `stayed`, or `unknown`: only the other host can tell.
 */
export const movePhases = ['ready', 'arrived', 'nothing', 'moving', 'left', 'stayed', 'unknown'] as const
export const SeenMove = z.strictObject({
  id: WireId,
  phase: z.enum(movePhases),
  endpoint: Endpoint.optional(),
  fault: WireFault.optional(),
})
export type SeenMove = z.output<typeof SeenMove>

/** What a host shows of a machine. */
export const SeenMachine = z.strictObject({
  kind: z.literal('machine'),
  id: WireId,
  /** The intent that the agent has finished with, also when it failed (then with `fault`). -1: found here, never asked for (an orphan). */
  applied: z.int().min(-1),
  power: z.enum(seenPowers),
  /** Why it is off: told apart so that a guest's own shutdown is not undone. */
  cause: z.enum(['asked', 'guest', 'crash', 'unknown']).optional(),
  /** What is being done, for the person who waits: `fetching image 40 %`. */
  progress: z.string().max(200).optional(),
  addresses: z.array(z.string().max(64)).max(64),
  fault: WireFault.optional(),
  move: SeenMove.optional(),
  /** Of an orphan: what it is made of. */
  found: FoundSpec.optional(),
})
export type SeenMachine = z.output<typeof SeenMachine>

/** What a host shows of a volume. */
export const SeenVolume = z.strictObject({
  kind: z.literal('volume'),
  id: WireId,
  /** As of a machine. */
  applied: z.int().min(-1),
  /** Do its bytes lie here? */
  here: z.boolean(),
  sizeMiB: z.int().nonnegative(),
  /** The machine that has it, or will have it when it starts. */
  machine: WireId.nullable(),
  progress: z.string().max(200).optional(),
  fault: WireFault.optional(),
})
export type SeenVolume = z.output<typeof SeenVolume>

/** What a host shows of a snapshot. */
export const SeenSnapshot = z.strictObject({
  kind: z.literal('snapshot'),
  id: WireId,
  applied: z.int().min(-1),
  here: z.boolean(),
  /** The guest's file systems stood still while it was taken. */
  quiet: z.boolean().optional(),
  fault: WireFault.optional(),
})
export type SeenSnapshot = z.output<typeof SeenSnapshot>

/** What an agent says of a host: whole capacity, before any overcommit. */
export const SeenHost = z.strictObject({
  kind: z.literal('host'),
  id: WireId,
  name: words(255),
  hypervisor: words(64),
  hypervisorVersion: words(64),
  /** Emulated where the machine has no hardware virtualisation. */
  acceleration: z.enum(['hardware', 'emulated', 'simulated']),
  architecture: words(64),
  bootId: words(128),
  cpus: z.int().positive(),
  memoryMiB: z.int().positive(),
  diskMiB: z.int().nonnegative(),
  /** Its address on the underlay of its site. Without one no machine goes from it to another host, or comes to it. */
  underlay: words(64).optional(),
  /** Said plainly to admins: `FORWARD policy is DROP …`. */
  warnings: z.array(words(1_000)).overwrite(all => all.slice(0, 32)),
})
export type SeenHost = z.output<typeof SeenHost>

/** A pool as one host has it; with `fault` it cannot be used here. */
export const SeenPlace = z.strictObject({
  kind: z.literal('pool'),
  id: WireId,
  totalMiB: z.int().nonnegative(),
  fault: WireFault.optional(),
})
export type SeenPlace = z.output<typeof SeenPlace>

export const Seen = z.discriminatedUnion('kind', [
  SeenMachine,
  SeenHost,
  SeenPlace,
  SeenVolume,
  SeenSnapshot,
  SeenImport,
  SeenBackup,
])
export type Seen = z.output<typeof Seen>
