import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { AgentRole } from '@sirocco/shared/model/agents/roles.ts'
import type { FenceWay, PowerWay } from '@sirocco/shared/model/hosts/power.ts'
import type { ImageState, Visibility } from '@sirocco/shared/model/images/states.ts'
import type { Firmware, Recover, SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { SourceKind } from '@sirocco/shared/model/volumes/states.ts'
import type { CommandBody, Outcome } from '@sirocco/shared/wire/frames.ts'
import type { ImportResult, ImportSource } from '@sirocco/shared/wire/imports.ts'
import type { ImageFile, SeenHost, SeenMove } from '@sirocco/shared/wire/objects.ts'
import type { Window } from '@sirocco/shared/wire/samples.ts'
import type { HostWords, Maintenance } from '../domain/hosts/host.ts'
import type { Orphan } from '../domain/hosts/orphan.ts'
import type { KeyPair } from '../domain/images/image.ts'
import type { Intent, MachineUpdate } from '../domain/machines/machine.ts'
import type { Tombstone } from '../domain/machines/tombstone.ts'
import type { Migration, MigrationPhase } from '../domain/migrations/migration.ts'
import type { Operation, OperationAsk, SubjectId } from '../domain/operations/operation.ts'
import type { Grouping, PlacementGroup } from '../domain/placement/group.ts'
import type { Ceph, Lying, StoragePool } from '../domain/volumes/pool.ts'
import type { VolumeIntent } from '../domain/volumes/volume.ts'
import type { BackupChange } from './backups.ts'
import type { NetworkChange } from './networks.ts'
import type { PriceChange } from './prices.ts'
import type { SecurityChange } from './security.ts'
import type { SignInChange } from './sign-in.ts'
import type { TenancyChange } from './tenancy.ts'
import type { UsageChange } from './usage.ts'
import type { WebhookChange } from './webhooks.ts'

/** A machine's row as it is inserted; facts that the control plane owns. */
export interface NewMachine {
  readonly id: Id<'machine'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly zone: Id<'zone'>
  readonly name: string
  readonly flavor: string
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  readonly image: Id<'image'>
  readonly keyPair: string | null
  readonly publicKeys: readonly string[]
  /** Sealed. */
  readonly userData: string | null
  readonly reservation: string
  readonly launchIndex: number
  readonly clientToken: string | null
  readonly onGuestShutdown: 'stop' | 'terminate'
  readonly placementGroup: Id<'placementGroup'> | null
  readonly hostTags: Readonly<Record<string, string>>
  readonly protected: boolean
  readonly firmware: Firmware
  readonly recover?: Recover
}

/** A management controller and how it is spoken to. */
export interface HostPower {
  readonly way: PowerWay
  readonly address: string
  readonly port: number
  readonly username: string
  readonly pin: string | null
  readonly system: string | null
  /** Sealed. */
  readonly password: string
}

/** An image's row as it is inserted: `pending` waits for an upload. */
export interface NewImage {
  readonly id: Id<'image'>
  readonly alias: string
  readonly project: Id<'project'> | null
  readonly name: string
  readonly description: string
  readonly architecture: string
  readonly firmware: Firmware
  readonly minDiskMiB: number
  readonly visibility: Visibility
  readonly state: Extract<ImageState, 'pending' | 'importing'>
  readonly origin: string
  readonly source: ImportSource
  /** Files of the image that it is captured from a machine of, but for the disk. */
  readonly carried?: readonly ImageFile[]
  readonly cmdline?: string | null
}

export interface NewPort {
  readonly id: Id<'port'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly network: Id<'network'>
  readonly subnet: Id<'subnet'>
  readonly machine: Id<'machine'>
  readonly position: number
  readonly mac: string
  readonly address: string
}

/** A volume's row as it is inserted. */
export interface NewVolume {
  readonly id: Id<'volume'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly zone: Id<'zone'>
  readonly pool: Id<'storagePool'>
  readonly name: string
  readonly sizeMiB: number
  readonly sourceKind: SourceKind
  readonly sourceImage: Id<'image'> | null
  readonly sourceSnapshot: Id<'snapshot'> | null
  readonly sourceBackup?: Id<'backup'> | null
}

export interface NewAttachment {
  readonly volume: Id<'volume'>
  readonly machine: Id<'machine'>
  readonly device: string
  readonly boot: boolean
  readonly readOnly: boolean
  readonly deleteOnTermination: boolean
}

export interface NewSnapshot {
  readonly id: Id<'snapshot'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly zone: Id<'zone'>
  readonly pool: Id<'storagePool'>
  readonly volume: Id<'volume'>
  readonly volumeAlias: string
  readonly name: string
  readonly passing: boolean
  readonly moment?: Id<'snapshot'>
  readonly sizeMiB: number
}

/**
 * Everything a batch can do, as data: decisions return these, one adapter turns them into statements. What is guarded says the
 * Fault that its guard means; a failed guard undoes the whole batch.
 */
export type Change =
  | NetworkChange
  | SecurityChange
  | { readonly do: 'machine.insert'; readonly machine: NewMachine }
  /** Guard `stale` by version. */
  | ({ readonly do: 'machine.intent' } & Intent)
  /** Guard `stale` by version; the version rises, the generation does not. */
  | {
      readonly do: 'machine.update'
      readonly machine: Id<'machine'>
      readonly version: number
      readonly set: MachineUpdate
    }
  /** First seen running. */
  | { readonly do: 'machine.ran'; readonly machine: Id<'machine'> }
  /** Given up at this generation; wanted gone from its host at the next. Guard `stale` by generation. */
  | {
      readonly do: 'machine.fail'
      readonly machine: Id<'machine'>
      readonly generation: number
      readonly fault: Fault
      readonly discard: boolean
    }
  /** Guard `stale` by version. */
  | {
      readonly do: 'machine.recover'
      readonly machine: Id<'machine'>
      readonly version: number
      readonly recover: Recover
    }
  /** What its old host said of it and of `root`, which it boots from, is over. Guard `stale` by version, and where it has another volume. */
  | {
      readonly do: 'machine.moved'
      readonly machine: Id<'machine'>
      readonly version: number
      readonly volumes: readonly Id<'volume'>[]
      readonly fresh: Id<'volume'> | null
    }
  /** Above every intent that the host has heard of. */
  | { readonly do: 'tombstone.insert'; readonly host: Id<'host'>; readonly subject: Tombstone['subject'] }
  | { readonly do: 'tombstone.gone'; readonly host: Id<'host'>; readonly subject: Tombstone['subject'] }
  /** A new intent: the generation rises. Guard `stale` by generation. */
  | { readonly do: 'host.intent'; readonly host: Id<'host'>; readonly generation: number }
  /** Its agent is to run this bundle; what it was to run before is wanted no longer. */
  | {
      readonly do: 'agent-upgrade.ask'
      readonly host: Id<'host'>
      readonly generation: number
      readonly agent: Id<'agent'>
      readonly bundle: string
      readonly rolling: boolean
    }
  /** It came about, or not: `why`. Nothing where it ended already. */
  | { readonly do: 'agent-upgrade.end'; readonly host: Id<'host'>; readonly generation: number; readonly why: string | null }
  /** What an agent says that it is, whether its link is taken or not. */
  | {
      readonly do: 'agent.said'
      readonly agent: Id<'agent'>
      readonly version: string
      readonly bundle?: string
      readonly protocol?: number
    }
  /** Guard `stale` unless its agent is silent since this epoch. */
  | {
      readonly do: 'fence.ask'
      readonly id: Id<'fence'>
      readonly host: Id<'host'>
      readonly how: FenceWay
      readonly by: Id<'user'>
      readonly generation: number
      readonly epoch: number
    }
  /** Nothing runs on it from now on: the epoch rises. Guard `stale` where its agent was heard since it was asked for. */
  | { readonly do: 'fence.land'; readonly host: Id<'host'>; readonly generation: number }
  /** Nothing runs on it: of machines on their way to it, nothing comes to run there. */
  | { readonly do: 'migration.fenced'; readonly host: Id<'host'> }
  /** Guard `stale` unless it is fenced. */
  | { readonly do: 'fence.holds'; readonly host: Id<'host'> }
  /** Its hosts are heard again. */
  | { readonly do: 'fence.lift'; readonly agent: Id<'agent'> }
  | { readonly do: 'host-power.set'; readonly host: Id<'host'>; readonly power: HostPower }
  | { readonly do: 'host-power.drop'; readonly host: Id<'host'> }
  /** With its agent, where this was its last. Guard `conflict` where machines are claimed on it. */
  | { readonly do: 'host.remove'; readonly host: Id<'host'> }
  /** Guard `stale` while it moves. */
  | { readonly do: 'machine.still'; readonly machine: Id<'machine'> }
  /** Its host is this one from now on, and that of its volumes: the claim of `migration` there becomes its own, and what its old host said is over. Guard `stale` where either claim is gone. */
  | {
      readonly do: 'migration.landed'
      readonly machine: Id<'machine'>
      readonly migration: Id<'migration'>
      readonly target: Id<'host'>
    }
  /** What must go from this host, one of its two: the machine and its volumes. */
  | { readonly do: 'migration.bury'; readonly migration: Id<'migration'>; readonly host: Id<'host'> }
  /** Guard `conflict` where it moves already, or something of it is still to go from the target; `stale` unless it has these volumes, none with a snapshot. */
  | {
      readonly do: 'migration.insert'
      readonly migration: Pick<Migration, 'id' | 'machine' | 'project' | 'source' | 'target' | 'volumes' | 'offline'> & {
        /** Sealed. */
        readonly secret: string
      }
      /** Of `volumes`, as they were read. */
      readonly generations: readonly number[]
    }
  /** Guard `stale` by version. */
  | {
      readonly do: 'migration.phase'
      readonly migration: Id<'migration'>
      readonly version: number
      readonly phase: MigrationPhase
    }
  /** One of its hosts said something new. */
  | {
      readonly do: 'migration.seen'
      readonly migration: Id<'migration'>
      readonly side: 'source' | 'target'
      readonly saw: SeenMove | null
      readonly progress: string | null
    }
  /** Guard `stale` by generation. */
  | {
      readonly do: 'host.maintenance'
      readonly host: Id<'host'>
      readonly generation: number
      readonly maintenance: Maintenance
      readonly accepting: boolean
      /** A new intent: the generation rises. */
      readonly intent: boolean
    }
  | { readonly do: 'maintenance-stop.insert'; readonly host: Id<'host'>; readonly machine: Id<'machine'> }
  | { readonly do: 'maintenance-stop.drop'; readonly host: Id<'host'> }
  /** Nothing of it remains. Guard `stale` by generation. */
  | { readonly do: 'machine.gone'; readonly machine: Id<'machine'>; readonly generation: number }
  /** What it boots by from now on. Guard `stale` by version. */
  | { readonly do: 'machine.image'; readonly machine: Id<'machine'>; readonly version: number; readonly image: Id<'image'> }
  /** Guard `stale` unless the machine is as it was read: nobody asked anything else of it. */
  | { readonly do: 'machine.holds'; readonly machine: Id<'machine'>; readonly version: number }
  | { readonly do: 'volume.insert'; readonly volume: NewVolume }
  | { readonly do: 'attachment.insert'; readonly attachment: NewAttachment }
  | { readonly do: 'attachment.remove'; readonly volume: Id<'volume'> }
  /** Guard `stale` by version. */
  | ({ readonly do: 'volume.intent' } & VolumeIntent)
  /** Back to a snapshot, at this generation. Guard `stale` by version. */
  | {
      readonly do: 'volume.revert'
      readonly volume: Id<'volume'>
      readonly version: number
      readonly generation: number
      readonly snapshot: Id<'snapshot'>
    }
  /** What it boots from in rescue, and the volume of that once it does; both null: it is its own again. Guard `stale` by version, which rises. */
  | {
      readonly do: 'machine.rescue'
      readonly machine: Id<'machine'>
      readonly version: number
      readonly image: Id<'image'> | null
      readonly volume: Id<'volume'> | null
    }
  /** Nothing of it remains. Guard `stale` by generation. */
  | { readonly do: 'volume.gone'; readonly volume: Id<'volume'>; readonly generation: number }
  | {
      readonly do: 'volume.observed'
      readonly volume: Id<'volume'>
      readonly host: Id<'host'> | null
      readonly epoch: number
      readonly seq: number
      readonly appliedGeneration: number
      readonly here: boolean
      readonly sizeMiB: number
      readonly machine: string | null
      readonly progress: string | null
      readonly fault: Fault | null
      readonly digest: string
    }
  | { readonly do: 'snapshot.insert'; readonly snapshot: NewSnapshot }
  /** Guard `stale` unless the snapshot is as it was read. */
  | { readonly do: 'snapshot.holds'; readonly snapshot: Id<'snapshot'>; readonly version: number }
  /** Wanted gone. Guard `stale` by version, `conflict` where a volume is being made from it, or goes back to it. */
  | { readonly do: 'snapshot.delete'; readonly snapshot: Id<'snapshot'>; readonly version: number }
  /** Nothing of it remains. Guard `stale` by generation. */
  | { readonly do: 'snapshot.gone'; readonly snapshot: Id<'snapshot'>; readonly generation: number }
  | {
      readonly do: 'snapshot.observed'
      readonly snapshot: Id<'snapshot'>
      readonly host: Id<'host'> | null
      readonly epoch: number
      readonly seq: number
      readonly appliedGeneration: number
      readonly here: boolean
      readonly quiet: boolean
      readonly fault: Fault | null
      readonly digest: string
    }
  | BackupChange
  | { readonly do: 'image.insert'; readonly image: NewImage }
  /** What it is made from changed hands: a host is to make it, or (null) no longer. Guard `stale` by generation. */
  | { readonly do: 'image.place'; readonly image: Id<'image'>; readonly generation: number; readonly host: Id<'host'> | null }
  /** Its parts are all here. Guard `stale` unless it waited for them at this generation; that rises by one. */
  | { readonly do: 'image.uploaded'; readonly image: Id<'image'>; readonly generation: number }
  /** Guard `stale` by generation. */
  | {
      readonly do: 'image.ready'
      readonly image: Id<'image'>
      readonly generation: number
      readonly file: ImageFile
      /** What it has already beside its disk. */
      readonly carried?: readonly ImageFile[]
      readonly virtualBytes: number
      readonly minDiskMiB: number
    }
  /** Guard `stale` by generation. */
  | { readonly do: 'image.fail'; readonly image: Id<'image'>; readonly generation: number; readonly fault: Fault }
  /** Nobody sees it from now on. Guard `stale` by generation, which rises by one. */
  /** Everything up to `seq`, on top of what was sealed up to `after`; guard `stale` where more is sealed already. */
  | { readonly do: 'audit.seal'; readonly after: number; readonly seq: number; readonly hash: string }
  | { readonly do: 'image.delete'; readonly image: Id<'image'>; readonly generation: number }
  /** Its row goes, where still nothing stands on it; guard `stale`. */
  | { readonly do: 'image.forget'; readonly image: Id<'image'> }
  | { readonly do: 'image.visibility'; readonly image: Id<'image'>; readonly visibility: Visibility }
  | { readonly do: 'image.share'; readonly image: Id<'image'>; readonly project: Id<'project'> }
  | { readonly do: 'image.unshare'; readonly image: Id<'image'> }
  | { readonly do: 'image.for-rescue'; readonly image: Id<'image'>; readonly forRescue: boolean }
  | { readonly do: 'image.deprecate'; readonly image: Id<'image'>; readonly deprecated: boolean }
  | {
      readonly do: 'image.observed'
      readonly image: Id<'image'>
      readonly host: Id<'host'>
      readonly epoch: number
      readonly seq: number
      readonly appliedGeneration: number
      readonly progress: string | null
      readonly fault: Fault | null
      readonly result: ImportResult | null
      readonly digest: string
    }
  | { readonly do: 'port.insert'; readonly port: NewPort }
  /** With any of `others` where its address is taken. Guard `conflict` where all are. */
  | { readonly do: 'port.claim'; readonly port: NewPort; readonly others: readonly string[] }
  /** Hosts are told of what its groups lose by it, too. */
  | { readonly do: 'port.release'; readonly machine: Id<'machine'> }
  /** Guard `capacity`: the sum of live claims with this one fits the host, which accepts; a strict group is there, and kept by it. */
  | {
      readonly do: 'allocation.claim'
      readonly id: Id<'allocation'>
      readonly consumer: Id<'machine' | 'volume' | 'snapshot' | 'migration'>
      readonly host: Id<'host'>
      readonly vcpus: number
      readonly memoryMiB: number
      readonly diskMiB: number
      /** That of it, and of `root`, lies there; undefined: in the host's own directory. The guard is of that pool then. */
      readonly lying?: Lying | undefined
      readonly group?: Grouping | null
      /** Any of these where `host` has no room. */
      readonly others?: readonly Id<'host'>[]
      /** What the machine boots from, claimed with it: both or neither. */
      readonly root?: { readonly id: Id<'allocation'>; readonly volume: Id<'volume'>; readonly diskMiB: number }
    }
  /** The live claim becomes another, on its host. Guard `capacity`: the sum with this one fits the host, or asks for no more than before. */
  | {
      readonly do: 'allocation.resize'
      readonly consumer: Id<'machine'>
      readonly vcpus: number
      readonly memoryMiB: number
    }
  | { readonly do: 'allocation.release'; readonly consumer: Id<'machine' | 'volume' | 'snapshot' | 'migration'> }
  /** What is wanted on the host changed; comes behind the claims and releases that changed it. */
  | { readonly do: 'host.touch'; readonly host: Id<'host'> }
  | {
      readonly do: 'host.insert'
      readonly host: Id<'host'>
      readonly agent: Id<'agent'>
      readonly zone: Id<'zone'>
      readonly name: string
    }
  /** What an admin says of it; what is not named stays. */
  | { readonly do: 'host.update'; readonly host: Id<'host'>; readonly set: Partial<HostWords> }
  | {
      readonly do: 'host.observed'
      readonly host: Id<'host'>
      readonly epoch: number
      readonly seq: number
      readonly facts: SeenHost
      readonly digest: string
    }
  /** Guard `stale` unless the link of this epoch is the newest of the host's agent: what an older one says is not written any more. */
  | { readonly do: 'link.holds'; readonly host: Id<'host'>; readonly epoch: number }
  | ({ readonly do: 'orphan.seen' } & Pick<Orphan, 'host' | 'machine' | 'power' | 'found' | 'digest'>)
  /** To go from its host. Guard `stale` by generation. */
  | { readonly do: 'orphan.remove'; readonly orphan: Id<'orphan'>; readonly generation: number }
  /** A machine of a project now. Guard `stale` by generation. */
  | { readonly do: 'orphan.adopted'; readonly orphan: Id<'orphan'>; readonly generation: number }
  /** Nothing of it may remain there; of a volume, in this pool. */
  | {
      readonly do: 'orphan.bury'
      readonly host: Id<'host'>
      readonly subject: Tombstone['subject']
      readonly generation: number
      readonly pool: Id<'storagePool'> | null
    }
  /** As it was found, with nothing asked of it. Guard `conflict` where a machine of this id is there and not gone. */
  | { readonly do: 'machine.adopt'; readonly machine: NewMachine; readonly generation: number }
  /** The same of a volume. */
  | { readonly do: 'volume.adopt'; readonly volume: NewVolume; readonly generation: number }
  | { readonly do: 'orphan.gone'; readonly host: Id<'host'>; readonly machine: string }
  | {
      readonly do: 'machine.observed'
      readonly machine: Id<'machine'>
      readonly host: Id<'host'> | null
      readonly epoch: number
      readonly seq: number
      readonly appliedGeneration: number
      readonly power: SeenPower
      readonly cause: 'asked' | 'guest' | 'crash' | 'unknown' | null
      readonly progress: string | null
      readonly fault: Fault | null
      readonly digest: string
    }
  | {
      readonly do: 'operation.start'
      readonly operation: Pick<Operation, 'id' | 'kind' | 'workflow' | 'project' | 'subject' | 'generation'>
    }
  /** Guard `stale` by version; the version rises by one and `log` records what happened. */
  | {
      readonly do: 'operation.move'
      readonly operation: Id<'operation'>
      readonly version: number
      readonly to: Pick<Operation, 'state' | 'step' | 'tries' | 'wakeAt' | 'waiting' | 'fault'> & {
        /** The key of `waiting`, where it is of the catalogue; absent: it is not. */
        readonly waitingSaid?: NonNullable<Operation['waitingSaid']>
        /** What it still has to honour; absent: nothing. */
        readonly asked?: OperationAsk
      }
      readonly log: { readonly step: string; readonly outcome: string }
    }
  /** A person's word about the operation itself: due now, its tries counted anew. Guard `stale` by version. */
  | {
      readonly do: 'operation.ask'
      readonly operation: Id<'operation'>
      readonly subject: SubjectId
      readonly version: number
      readonly to: Pick<Operation, 'state' | 'asked'>
      readonly log: { readonly step: string; readonly outcome: string }
    }
  /** What its operations wait for may have come: those up to `generation` are due now. Their version rises, so that a look that began before parks none. */
  | { readonly do: 'operation.wake'; readonly subject: SubjectId; readonly generation: number }
  | { readonly do: 'operation.wake-one'; readonly operation: Id<'operation'> }
  /** Of a host and a time once, however often it is told. */
  | { readonly do: 'samples.keep'; readonly host: Id<'host'>; readonly window: Window }
  | { readonly do: 'command.insert'; readonly id: string; readonly host: Id<'host'>; readonly body: CommandBody }
  | { readonly do: 'command.result'; readonly id: string; readonly outcome: Outcome }
  | {
      readonly do: 'enrolment.insert'
      readonly id: Id<'enrolment'>
      readonly tokenHash: string
      readonly zone: Id<'zone'>
      readonly roles: readonly AgentRole[]
      readonly by: Id<'user'>
      readonly expiresAt: number
    }
  /** Guard `conflict` where it was used, or is unknown. */
  | { readonly do: 'enrolment.revoke'; readonly id: Id<'enrolment'> }
  /** Another machine used its key. Guard `conflict` where that was noted since `before`. */
  | { readonly do: 'agent.cloned'; readonly agent: Id<'agent'>; readonly before: number }
  /** Guard `conflict` where the token is used up or unknown. */
  | { readonly do: 'enrolment.use'; readonly tokenHash: string; readonly agent: Id<'agent'> }
  | {
      readonly do: 'agent.insert'
      readonly agent: Id<'agent'>
      readonly publicKey: string
      readonly fingerprint: string
      readonly zone: Id<'zone'>
      readonly version: string
      /** Left out: `host`. */
      readonly roles?: readonly AgentRole[]
      readonly linkObject: number
    }
  /** A link came up: guard `stale` by epoch. */
  | {
      readonly do: 'agent.link'
      readonly agent: Id<'agent'>
      readonly epoch: number
      readonly bootId: string
      readonly version: string
    }
  /** Guard `stale` where a newer link came up since. */
  | { readonly do: 'agent.silent'; readonly agent: Id<'agent'>; readonly epoch: number; readonly since: number }
  /** Guard `conflict` where the name is taken. */
  | { readonly do: 'key-pair.insert'; readonly keyPair: Omit<KeyPair, 'tags' | 'createdAt'>; readonly project: Id<'project'> }
  | { readonly do: 'key-pair.delete'; readonly id: Id<'keyPair'> }
  /** Guard `conflict` where the name is taken, `quota` where the project has `limit` already. */
  | {
      readonly do: 'placement-group.insert'
      readonly group: Omit<PlacementGroup, 'machines' | 'hosts' | 'createdAt'>
      readonly limit: number
    }
  /** Guard `conflict` where the zone has one of the name, `quota` where there are `limit` already. */
  | {
      readonly do: 'pool.insert'
      /** The key sealed. */
      readonly pool: Omit<StoragePool, 'createdAt' | 'zone' | 'zoneId'> & {
        readonly zone: Id<'zone'>
        readonly cephKey: string | null
      }
      readonly limit: number
    }
  /** With `isDefault` that of its zone, instead of the one before. Guard `conflict` where the name is taken. */
  | {
      readonly do: 'pool.update'
      readonly id: Id<'storagePool'>
      readonly name?: string | undefined
      readonly isDefault?: true | undefined
      readonly ceph?: Ceph | undefined
      /** Sealed. */
      readonly cephKey?: string | undefined
    }
  /** What a host says of a pool that is there; nothing where it is not. */
  | {
      readonly do: 'pool.seen'
      readonly host: Id<'host'>
      readonly pool: Id<'storagePool'>
      readonly totalMiB: number
      readonly fault: string | null
    }
  /** All hosts of the zone are told. */
  | { readonly do: 'zone.touch'; readonly zone: Id<'zone'> }
  /** Volumes of shared pools are another host's from now on, as they are: it takes them, and never makes them. */
  | { readonly do: 'volume.taken'; readonly volume: Id<'volume'>; readonly host: Id<'host'> }
  /** Guard `conflict` while it is its zone's default, or anything lies in it. */
  | { readonly do: 'pool.delete'; readonly id: Id<'storagePool'> }
  /** Guard `conflict` while a machine is in it. */
  | { readonly do: 'placement-group.delete'; readonly id: Id<'placementGroup'> }
  | {
      readonly do: 'tag.set'
      readonly project: Id<'project'>
      readonly resource: string
      readonly key: string
      readonly value: string
    }
  /** Guard `quota`: after the tags that were set before, the resource has at most `limit`. */
  | { readonly do: 'tag.limit'; readonly resource: string; readonly limit: number }
  | { readonly do: 'tag.unset'; readonly resource: string; readonly key: string; readonly value: string | null }
  | { readonly do: 'tag.drop'; readonly resource: string }
  | {
      readonly do: 'session.insert'
      readonly id: Id<'session'>
      readonly tokenHash: string
      readonly kind: 'session' | 'link'
      readonly user: Id<'user'>
      readonly project: Id<'project'>
      readonly expiresAt: number
      readonly address: string | null
      readonly device: string
    }
  /** Guard `conflict` where it was used or is unknown. */
  | { readonly do: 'session.use-link'; readonly tokenHash: string }
  | { readonly do: 'session.end'; readonly id: Id<'session'> }
  | TenancyChange
  | WebhookChange
  | SignInChange
  | UsageChange
  | PriceChange
  | {
      readonly do: 'event'
      readonly project: Id<'project'> | null
      readonly type: string
      readonly subject: string
      readonly data?: Readonly<Record<string, unknown>>
    }
  | {
      readonly do: 'audit'
      readonly project: Id<'project'> | null
      readonly actor: string
      readonly verb: string
      readonly subjects: readonly string[]
    }
  /** Guard `conflict` where the token was used. */
  | {
      readonly do: 'token'
      readonly principal: string
      readonly verb: string
      readonly token: string
      readonly requestHash: string
      readonly answer: unknown
    }
