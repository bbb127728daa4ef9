import type { AuditLine, AuditSeal } from '@sirocco/shared/api/audit.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { AgentRole } from '@sirocco/shared/model/agents/roles.ts'
import type { FenceWay } from '@sirocco/shared/model/hosts/power.ts'
import type { Outcome } from '@sirocco/shared/wire/frames.ts'
import type { Wanted } from '@sirocco/shared/wire/objects.ts'
import type { Sample } from '@sirocco/shared/wire/samples.ts'
import type { Principal, Scope } from '../domain/access/principal.ts'
import type { Event } from '../domain/events/event.ts'
import type { Enrolment } from '../domain/hosts/enrolment.ts'
import type { Host } from '../domain/hosts/host.ts'
import type { Orphan } from '../domain/hosts/orphan.ts'
import type { Flavor, Image, KeyPair } from '../domain/images/image.ts'
import type { Machine, MachineFilter } from '../domain/machines/machine.ts'
import type { Tombstone } from '../domain/machines/tombstone.ts'
import type { Figures } from '../domain/metrics/figures.ts'
import type { Luggage } from '../domain/migrations/luggage.ts'
import type { Migration } from '../domain/migrations/migration.ts'
import type { Network } from '../domain/networks/network.ts'
import type { Operation } from '../domain/operations/operation.ts'
import type { Candidate, Demand } from '../domain/placement/demand.ts'
import type { PlacementGroup } from '../domain/placement/group.ts'
import type { PoolOnHost, PoolUse, StoragePool } from '../domain/volumes/pool.ts'
import type { Snapshot } from '../domain/volumes/snapshot.ts'
import type { Volume } from '../domain/volumes/volume.ts'
import type { BackupReads } from './backups.ts'
import type { Change, HostPower } from './changes.ts'
import type { NeighbourReads } from './networks.ts'
import type { PriceReads } from './prices.ts'
import type { SecurityReads } from './security.ts'
import type { SignInReads } from './sign-in.ts'
import type { TenancyReads } from './tenancy.ts'
import type { UsageReads } from './usage.ts'
import type { WebhookReads } from './webhooks.ts'

/** One page by keyset: rows after `after` (an id, or null for the first), at most `limit`. */
export interface Page {
  readonly after: string | null
  readonly limit: number
}
/** `next` is the `after` of the next page; null at the end. */
export interface Paged<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** Whose events are told; with `hosts` those of no project, too: of hosts and agents, for admins. */
export type Watch = 'platform' | { readonly project: Id<'project'>; readonly hosts?: boolean }

/** By our id or by the alias that EC2 clients use. */
export type Ref = string

/**
 * What the control plane knows. Every read is one round trip however many rows it names; every list pages by keyset. All
 * refuse with `unavailable` or `throttled` when the database does not answer.
 */
export interface Store {
  /**
   * Writes all of it or nothing. Refuses with the Fault of the guard that failed: stale, quota, capacity, conflict. An answer that
   * got lost is settled before this returns: it landed, or it never will (then `unavailable`).
   */
  commit(changes: readonly Change[]): Promise<Result<void>>

  readonly machines: {
    /** In the order asked; `not_found` names the first that the scope cannot see. Gone ones too, while visible. */
    find(scope: Scope, refs: readonly Ref[]): Promise<Result<readonly Machine[]>>
    /** Oldest first. With a filter all that pass it, and maybe some of other states: those are told by `stateOf` alone. */
    list(scope: Scope, page: Page, filter?: MachineFilter): Promise<Result<Paged<Machine>>>
    /** Of one host, live allocations only: for the observer's batches. */
    onHost(host: Id<'host'>, ids: readonly string[]): Promise<Result<readonly Machine[]>>
    /** Whose live claim is on this host, oldest first. */
    ofHost(host: Id<'host'>, page: Page): Promise<Result<Paged<Machine>>>
    /** Which of these their owners deleted, while that is remembered. */
    deleted(ids: readonly string[]): Promise<Result<readonly string[]>>
    /** Hosts where something of this machine is still to go. */
    left(machine: Id<'machine'>): Promise<Result<readonly Id<'host'>[]>>
    /** Deleted before `before`: due to be forgotten. */
    forgettable(before: number, limit: number): Promise<Result<readonly Id<'machine'>[]>>
  }
  readonly volumes: {
    /** In the order asked; `not_found` names the first that the scope cannot see. Gone ones too, while visible. */
    find(scope: Scope, refs: readonly Ref[]): Promise<Result<readonly Volume[]>>
    /** Oldest first. */
    list(scope: Scope, page: Page): Promise<Result<Paged<Volume>>>
    /** Of one host, live allocations only: for the observer's batches. */
    onHost(host: Id<'host'>, ids: readonly string[]): Promise<Result<readonly Volume[]>>
  }
  readonly snapshots: {
    find(scope: Scope, refs: readonly Ref[]): Promise<Result<readonly Snapshot[]>>
    list(scope: Scope, page: Page): Promise<Result<Paged<Snapshot>>>
    /** Those of one moment that are not gone: at most one of each volume of a machine. */
    ofMoment(scope: Scope, moment: Id<'snapshot'>): Promise<Result<readonly Snapshot[]>>
    onHost(host: Id<'host'>, ids: readonly string[]): Promise<Result<readonly Snapshot[]>>
  }
  readonly backups: BackupReads
  readonly pools: {
    /** All of every zone, oldest first: at most `limits.storagePools`. */
    list(): Promise<Result<readonly StoragePool[]>>
    use(pool: Id<'storagePool'>): Promise<Result<PoolUse>>
    /** As its hosts last said, by their names: at most `limits.pageMax`. */
    onHosts(pool: Id<'storagePool'>): Promise<Result<readonly PoolOnHost[]>>
    /** What one host last said of pools. */
    seenBy(host: Id<'host'>): Promise<Result<readonly { pool: Id<'storagePool'>; totalMiB: number; fault: string | null }[]>>
  }
  readonly hosts: {
    list(page: Page): Promise<Result<Paged<Host>>>
    /** Hosts of the demand's zone as placement sees them, a page, counted from live claims. */
    ofZone(demand: Pick<Demand, 'zone' | 'group' | 'lying'>, page: Page): Promise<Result<Paged<Candidate>>>
    /**
     * At most `most` hosts that look as if they fit, roomiest first, and as many that the demand's group is on: bounded whatever the zone
     * has. By what was counted when they were last touched; whether they fit is for `place` to say, and for the claim's guard.
     */
    roomiest(demand: Demand, most: number): Promise<Result<readonly Candidate[]>>
    /** Revisions of these hosts, for the sweep. */
    revisions(hosts: readonly Id<'host'>[]): Promise<Result<ReadonlyMap<Id<'host'>, number>>>
    /** What is wanted on a host now, user-data opened, and the revision that it is of. */
    desired(host: Id<'host'>): Promise<Result<{ revision: number; objects: readonly Wanted[] }>>
    /** By id; `not_found` names the first that is not there. */
    find(hosts: readonly string[]): Promise<Result<readonly Host[]>>
    /** What must go from it. */
    tombstones(host: Id<'host'>): Promise<Result<readonly Tombstone[]>>
    /** What was asked for at this generation; `at` null until it is so. */
    fence(host: Id<'host'>, generation: number): Promise<Result<{ how: FenceWay; by: Id<'user'>; at: number | null } | null>>
    /** Which bundle its agent was to run, asked for at this generation. */
    upgrade(host: Id<'host'>, generation: number): Promise<Result<AgentUpgrade | null>>
    /** Its management controller, the password sealed. */
    power(host: Id<'host'>): Promise<Result<HostPower | null>>
    /** Machines that its maintenance stopped. */
    stopped(host: Id<'host'>): Promise<Result<readonly Id<'machine'>[]>>
    /** The digest of what its agent last said of the host itself; null: nothing yet. */
    factsDigest(host: Id<'host'>): Promise<Result<string | null>>
  }
  readonly orphans: {
    onHost(host: Id<'host'>): Promise<Result<readonly Orphan[]>>
    /** In the order of their machines' ids. */
    list(host: Id<'host'>, page: Page): Promise<Result<Paged<Orphan>>>
    /** By id; `not_found` names the first that is not there any more. */
    find(ids: readonly string[]): Promise<Result<readonly Orphan[]>>
  }
  readonly migrations: {
    /** `not_found` names the first that is forgotten. */
    find(ids: readonly string[]): Promise<Result<readonly Migration[]>>
    /** Live ones of these machines. */
    ofMachines(machines: readonly string[]): Promise<Result<readonly Migration[]>>
    /** Live ones that this host is part of. */
    onHost(host: Id<'host'>): Promise<Result<readonly Migration[]>>
    /** The volumes of these machines. */
    luggage(machines: readonly string[]): Promise<Result<readonly Luggage[]>>
    /** How many moves of each of these machines have failed since. */
    failures(machines: readonly string[], since: number): Promise<Result<ReadonlyMap<string, number>>>
  }
  readonly agents: {
    find(agent: string): Promise<Result<Agent>>
    ofHost(host: Id<'host'>): Promise<Result<Agent>>
    /** For enrolment: the zone of a live token; not_found when used, expired or unknown. */
    enrolment(tokenHash: string): Promise<Result<{ zone: Id<'zone'>; roles: readonly AgentRole[] }>>
    /** One-time tokens, newest first. */
    enrolments(page: Page): Promise<Result<Paged<Enrolment>>>
    count(): Promise<Result<number>>
    /** Hosts whose agents convert images and answer, with how many they are at; at most `limits.page`. */
    converters(): Promise<Result<readonly { host: Id<'host'>; imports: number }[]>>
    /** Agents that are thought alive, for the sweep: a page. */
    alive(page: Page): Promise<Result<Paged<Agent>>>
  }
  readonly images: {
    find(scope: Scope, ref: Ref): Promise<Result<Image>>
    list(scope: Scope, page: Page): Promise<Result<Paged<Image>>>
    /** Marked for rescue, and ready: the project's own first, the newest first. */
    forRescue(scope: Scope): Promise<Result<readonly Image[]>>
    /** Whatever became of them; `not_found` names the first that is forgotten. */
    many(refs: readonly string[]): Promise<Result<readonly Image[]>>
    /** Those that are being made on this host, of these. */
    onHost(host: Id<'host'>, ids: readonly string[]): Promise<Result<readonly Image[]>>
    /** Projects that it is shared with. */
    shares(image: Id<'image'>): Promise<Result<readonly SharedWith[]>>
    /** By id, account or name; `not_found` names the first that there is not. */
    projects(refs: readonly Ref[]): Promise<Result<readonly SharedWith[]>>
    /** Whose bytes nobody needs any more: deleted before `before`, and no machine, volume or snapshot is known that stands on it. */
    reclaimable(before: number, limit: number): Promise<Result<readonly Reclaimable[]>>
    /** Uploads that were begun before `before`, and never ended. */
    unfinished(before: number, limit: number): Promise<Result<readonly Image[]>>
  }
  readonly flavors: { list(): Promise<Result<readonly Flavor[]>> }
  readonly regions: { list(): Promise<Result<readonly { name: string; zones: readonly { id: Id<'zone'>; name: string }[] }[]>> }
  readonly keyPairs: {
    find(scope: Scope, name: string): Promise<Result<KeyPair>>
    list(scope: Scope, page: Page): Promise<Result<Paged<KeyPair>>>
  }
  readonly placementGroups: {
    /** By name or either id. */
    find(scope: Scope, ref: Ref): Promise<Result<PlacementGroup>>
    list(scope: Scope, page: Page): Promise<Result<Paged<PlacementGroup>>>
  }
  readonly networks: NeighbourReads & {
    list(scope: Scope, page: Page): Promise<Result<Paged<Network>>>
    /** The default network, with its subnet in this zone alone. */
    defaultSubnet(project: Id<'project'>, zone: string): Promise<Result<Network>>
    /** The network that has this subnet, by either id, with that alone. */
    withSubnet(scope: Scope, subnet: Ref): Promise<Result<Network>>
    /** Of these addresses those that ports of the subnet have; of all, where none are named. */
    taken(subnet: Id<'subnet'>, among?: readonly string[]): Promise<Result<readonly string[]>>
  }
  readonly securityGroups: SecurityReads
  readonly tags: {
    /** Of everything in the scope that has any. */
    list(scope: Scope, page: Page): Promise<Result<Paged<{ resource: string; alias: string; key: string; value: string }>>>
    /** Our ids of these refs; not_found names the first that the scope cannot see. */
    resolve(scope: Scope, refs: readonly Ref[]): Promise<Result<readonly { ref: Ref; id: string }[]>>
  }
  readonly operations: {
    find(id: Id<'operation'>): Promise<Result<Operation>>
    /** Stuck ones of every project, oldest first. */
    stuck(page: Page): Promise<Result<Paged<Operation>>>
    /** What it did, newest first, at most `limit` lines. */
    log(id: Id<'operation'>, limit: number): Promise<Result<readonly OperationLine[]>>
    /** Newest first. */
    list(scope: Scope, subject: Ref | null, page: Page): Promise<Result<Paged<Operation>>>
    /** Of one shard, due at `now`, soonest first. */
    due(shard: number, now: number, limit: number): Promise<Result<readonly Operation[]>>
    /** When the next one of a shard is due; null when nothing waits. */
    nextWake(shard: number): Promise<Result<number | null>>
    /** Shards with anything due at `now`, for the sweep that re-arms lost alarms. */
    dueShards(now: number): Promise<Result<readonly number[]>>
  }
  /** Kept windows between two moments, in no order; each at its beginning. */
  readonly samples: {
    ofHost(host: Id<'host'>, from: number, to: number): Promise<Result<readonly Sample[]>>
    /** On whatever host it was. */
    ofMachine(machine: Id<'machine'>, from: number, to: number): Promise<Result<readonly Sample[]>>
  }
  readonly commands: {
    outcome(id: string): Promise<Result<{ host: Id<'host'>; outcome: Outcome | null } | null>>
    /** Sent to these hosts since `since`, and not answered; at most `limits.bulk`. */
    pending(hosts: readonly Id<'host'>[], since: number): Promise<Result<readonly { id: string; subject: string }[]>>
  }
  readonly events: {
    /** After `seq`, oldest first; `reset` when events after `seq` were already forgotten. */
    since(scope: Watch, seq: number, limit: number, subject?: Ref): Promise<Result<{ events: readonly Event[]; reset: boolean }>>
    newest(scope: Watch): Promise<Result<number>>
  }
  readonly audit: {
    /** After `seq`, oldest first. */
    lines(after: number, limit: number): Promise<Result<readonly AuditLine[]>>
    /** From `seq` on, oldest first. */
    seals(from: number, limit: number): Promise<Result<readonly AuditSeal[]>>
    lastSeal(): Promise<Result<AuditSeal | null>>
  }
  readonly access: {
    /** A live session by the SHA-256 of its token. `lastUsedAt` null: not since it began. */
    bySession(tokenHash: string): Promise<Result<{ principal: Principal; lastUsedAt: number | null }>>
    /** A live one-time sign-in link. */
    byLink(tokenHash: string): Promise<Result<{ user: Id<'user'>; project: Id<'project'> }>>
    byEmail(email: string): Promise<Result<{ user: Id<'user'>; project: Id<'project'>; password: string | null }>>
    /** The key's principal and its secret, still sealed. */
    byAccessKey(
      accessKeyId: string,
    ): Promise<Result<{ principal: Principal; id: Id<'accessKey'>; sealedSecret: string; lastUsedAt: number | null }>>
  }
  readonly tenancy: TenancyReads
  readonly signIn: SignInReads
  readonly usage: UsageReads
  readonly prices: PriceReads
  readonly webhooks: WebhookReads
  readonly tokens: {
    find(principal: string, verb: string, token: string): Promise<Result<{ requestHash: string; answer: unknown } | null>>
  }
  /** How the whole cloud stands at `now`. */
  figures(now: number): Promise<Result<Figures>>
  /** How many migrations the data has seen, and how many this code wants. */
  version(): Promise<Result<{ readonly data: number; readonly code: number }>>
  /** Renewed when the database is restored. */
  incarnation(): Promise<Result<string>>
  /**
   * Drops what is past its keeping: events, tokens, commits, commands, sessions, gone machines with all that was theirs; of
   * each a page a call. Rows dropped.
   */
  expire(): Promise<Result<number>>
}

/** One line of an operation's log; `outcome` is the operator's to read. */
export interface OperationLine {
  readonly step: string
  readonly outcome: string
  readonly at: number
}

/** A project as the owner of an image names it. */
export interface SharedWith {
  readonly id: Id<'project'>
  readonly account: string
  readonly name: string
}

/** A deleted image, with those of its contents that no other image has. */
export interface Reclaimable {
  readonly id: Id<'image'>
  readonly contents: readonly string[]
}

export interface AgentUpgrade {
  readonly host: Id<'host'>
  readonly generation: number
  readonly agent: Id<'agent'>
  readonly bundle: string
  /** Once it is done the next host follows. */
  readonly rolling: boolean
  readonly endedAt: number | null
  /** Why it did not come about; null where it did. */
  readonly why: string | null
}

export interface Agent {
  readonly id: Id<'agent'>
  readonly publicKey: string
  readonly fingerprint: string
  readonly zone: Id<'zone'>
  readonly epoch: number
  readonly linkObject: number
  readonly roles: readonly AgentRole[]
  readonly silentSince: number | null
  readonly version: string
  readonly bundle: string | null
  readonly protocol: number | null
  /** What it is to run, where that is not over. */
  readonly upgrade: AgentUpgrade | null
  readonly hosts: readonly { readonly id: Id<'host'>; readonly name: string }[]
  /** Those of its hosts that are fenced. */
  readonly fenced: readonly Id<'host'>[]
}
