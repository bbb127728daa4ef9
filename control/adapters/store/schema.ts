import type { Fault, Said } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { AgentRole } from '@sirocco/shared/model/agents/roles.ts'
import type { FenceWay, PowerWay } from '@sirocco/shared/model/hosts/power.ts'
import type { ImageState, Visibility } from '@sirocco/shared/model/images/states.ts'
import type { Firmware, Power, Recover, SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { OperationKind, OperationState } from '@sirocco/shared/model/operations/states.ts'
import type { PlacementPolicy } from '@sirocco/shared/model/placement/policies.ts'
import { type QuotaResource, quotaResources } from '@sirocco/shared/model/quota.ts'
import type { RuleDirection } from '@sirocco/shared/model/security/rule.ts'
import type { PoolType, SourceKind } from '@sirocco/shared/model/volumes/states.ts'
import type { BackupResult } from '@sirocco/shared/wire/backups.ts'
import type { CommandBody, Outcome } from '@sirocco/shared/wire/frames.ts'
import type { ImportResult, ImportSource } from '@sirocco/shared/wire/imports.ts'
import type { ImageFile, SeenMove } from '@sirocco/shared/wire/objects.ts'
import type { FoundSpec } from '@sirocco/shared/wire/orphans.ts'
import type { Window } from '@sirocco/shared/wire/samples.ts'
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Role } from '../../domain/access/principal.ts'
import type { Maintenance } from '../../domain/hosts/host.ts'
import type { MigrationPhase } from '../../domain/migrations/migration.ts'
import type { OperationAsk, SubjectId } from '../../domain/operations/operation.ts'
import type { Ceph } from '../../domain/volumes/pool.ts'

export * from './prices-schema.ts'
export * from './sign-in-schema.ts'
export * from './usage-schema.ts'
export * from './webhook-schema.ts'

/** Times are milliseconds since the Unix epoch. Aliases are EC2's ids: random, made in the batch that inserts. */

/** One row a key: `incarnation` (renewed on restore), `version` of the data, `forgotten` (the last event that was dropped). */
export const meta = sqliteTable('meta', { key: text().primaryKey(), value: text().notNull() })

/**
 * Never holds a row. After a predicate UPDATE or INSERT, `INSERT INTO guard (<fault>) SELECT 1 WHERE changes() = 0` rolls the
 * whole batch back, and the name of the CHECK says which Fault it means.
 */
export const guard = sqliteTable('guard', { stale: integer(), quota: integer(), capacity: integer(), conflict: integer() }, t => [
  check('stale', sql`${t.stale} IS NULL`),
  check('quota', sql`${t.quota} IS NULL`),
  check('capacity', sql`${t.capacity} IS NULL`),
  check('conflict', sql`${t.conflict} IS NULL`),
])

/**
 * One row a batch that landed. A lost answer is settled by inserting the same id with `landed` 0: where that lands, the batch never will;
 * where it is refused, the row that is there says which of the two came first.
 */
export const commit = sqliteTable(
  'commits',
  { id: text().primaryKey(), at: integer().notNull(), landed: integer({ mode: 'boolean' }).notNull().default(true) },
  t => [index('commits_at').on(t.at)],
)

export const project = sqliteTable('project', {
  id: text().$type<Id<'project'>>().primaryKey(),
  name: text().notNull().unique(),
  account: text().notNull().unique(),
  createdAt: integer().notNull(),
})

export const user = sqliteTable('user', {
  id: text().$type<Id<'user'>>().primaryKey(),
  email: text().notNull().unique(),
  /** scrypt, as `scrypt$N$r$p$salt$hash`. */
  password: text(),
  /** Signs in no more, and none of its keys works, since. */
  disabledAt: integer(),
  createdAt: integer().notNull(),
})

export const membership = sqliteTable(
  'membership',
  {
    project: text()
      .$type<Id<'project'>>()
      .notNull()
      .references(() => project.id),
    user: text()
      .$type<Id<'user'>>()
      .notNull()
      .references(() => user.id),
    role: text().$type<Role>().notNull(),
    /** By whose groups: it takes the membership away again; null: by somebody here. */
    givenBy: text().$type<Id<'identityProvider'>>(),
  },
  t => [
    index('membership_given').on(t.givenBy).where(sql`${t.givenBy} IS NOT NULL`),
    primaryKey({ columns: [t.user, t.project] }),
    index('membership_project').on(t.project, t.user),
    index('membership_admin').on(t.user).where(sql`${t.role} = 'admin'`),
  ],
)

/** What a project may use at most; no row: as much as there is. */
export const quota = sqliteTable(
  'quota',
  {
    project: text().$type<Id<'project'>>().notNull(),
    resource: text().$type<QuotaResource>().notNull(),
    most: integer().notNull(),
  },
  t => [primaryKey({ columns: [t.project, t.resource] })],
)

/** Never holds a row, as `guard`: the name of the CHECK that refuses says which limit it was. */
export const quotaGuard = sqliteTable('quota_guard', { resource: text().notNull() }, t =>
  quotaResources.map(resource => check(`quota_${resource}`, sql`${t.resource} <> ${sql.raw(`'${resource}'`)}`)),
)

/** Browser sessions, and the one-time links that make them: both known by the SHA-256 of their token. */
export const session = sqliteTable(
  'session',
  {
    id: text().$type<Id<'session'>>().primaryKey(),
    tokenHash: text().notNull().unique(),
    kind: text().$type<'session' | 'link'>().notNull(),
    user: text().$type<Id<'user'>>().notNull(),
    project: text().$type<Id<'project'>>().notNull(),
    createdAt: integer().notNull().default(0),
    expiresAt: integer().notNull(),
    /** Of who began it; null: not told. */
    address: text(),
    device: text().notNull().default(''),
    /** Noted once in `limits.sessionUseNoted`. */
    lastUsedAt: integer(),
  },
  t => [index('session_expires').on(t.expiresAt), index('session_user').on(t.user, t.id)],
)

/** One-time invitations into a project, known by the SHA-256 of their token. */
export const invitation = sqliteTable(
  'invitation',
  {
    id: text().$type<Id<'invitation'>>().primaryKey(),
    tokenHash: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    email: text().notNull(),
    role: text().$type<Role>().notNull(),
    invitedBy: text().$type<Id<'user'>>().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
  },
  t => [index('invitation_project').on(t.project, t.id), index('invitation_expires').on(t.expiresAt)],
)

export const accessKey = sqliteTable(
  'access_key',
  {
    id: text().$type<Id<'accessKey'>>().primaryKey(),
    accessKeyId: text().notNull().unique(),
    /** Sealed; place `access_key|<id>|secret`. */
    secret: text().notNull(),
    user: text().$type<Id<'user'>>().notNull(),
    project: text().$type<Id<'project'>>().notNull(),
    createdAt: integer().notNull(),
    /** null: until it is revoked. */
    expiresAt: integer(),
    /** Noted once in `limits.keyUseNoted`. */
    lastUsedAt: integer(),
  },
  t => [index('access_key_project').on(t.project, t.id)],
)

export const provider = sqliteTable('provider', {
  id: text().$type<Id<'provider'>>().primaryKey(),
  /** The connector's folder: private, simulated, … */
  cloud: text().notNull(),
  name: text().notNull().unique(),
})

export const cloudAccount = sqliteTable('cloud_account', {
  id: text().$type<Id<'cloudAccount'>>().primaryKey(),
  provider: text()
    .$type<Id<'provider'>>()
    .notNull()
    .references(() => provider.id),
  name: text().notNull(),
  /** Where the poller of this account has come to. */
  cursor: text(),
})

export const region = sqliteTable('region', {
  id: text().$type<Id<'region'>>().primaryKey(),
  name: text().notNull().unique(),
  account: text()
    .$type<Id<'cloudAccount'>>()
    .notNull()
    .references(() => cloudAccount.id),
})

export const zone = sqliteTable('zone', {
  id: text().$type<Id<'zone'>>().primaryKey(),
  region: text()
    .$type<Id<'region'>>()
    .notNull()
    .references(() => region.id),
  name: text().notNull().unique(),
})

/** Ranges that a zone hands out: `tenant` for networks of projects. */
export const addressPool = sqliteTable('address_pool', {
  id: text().$type<Id<'addressPool'>>().primaryKey(),
  zone: text()
    .$type<Id<'zone'>>()
    .notNull()
    .references(() => zone.id),
  purpose: text().$type<'tenant'>().notNull(),
  cidr: text().notNull(),
})

/** One-time enrolment tokens, by SHA-256. */
export const enrolment = sqliteTable(
  'enrolment',
  {
    tokenHash: text().primaryKey(),
    id: text().$type<Id<'enrolment'>>(),
    zone: text().$type<Id<'zone'>>().notNull(),
    /** What the agent may be asked to do. */
    roles: text({ mode: 'json' }).$type<readonly AgentRole[]>().notNull().default(['host']),
    /** Who asked for it; null: whoever set the instance up. */
    createdBy: text().$type<Id<'user'>>(),
    createdAt: integer().notNull().default(0),
    expiresAt: integer().notNull(),
    usedBy: text().$type<Id<'agent'>>(),
    revokedAt: integer(),
  },
  t => [uniqueIndex('enrolment_id').on(t.id)],
)

export const agent = sqliteTable(
  'agent',
  {
    id: text().$type<Id<'agent'>>().primaryKey(),
    /** Ed25519, raw, base64. */
    publicKey: text().notNull(),
    fingerprint: text().notNull(),
    zone: text()
      .$type<Id<'zone'>>()
      .notNull()
      .references(() => zone.id),
    version: text().notNull(),
    /** SHA-256 of the bundle that it runs, and the protocol that it speaks, as it last said. */
    bundle: text(),
    protocol: integer(),
    /** The object that holds its link: given at enrolment, at most `limits.agentsPerLinkObject` each. */
    linkObject: integer().notNull(),
    /** Rises with each link. */
    epoch: integer().notNull(),
    bootId: text(),
    roles: text({ mode: 'json' }).$type<readonly AgentRole[]>().notNull().default(['host']),
    /** Since when nothing is heard of it; null while its link is live. */
    silentSince: integer(),
    /** When another machine last used its key. */
    clonedAt: integer(),
    /** Its credential is dead since: its last host was removed. */
    removedAt: integer(),
    createdAt: integer().notNull(),
  },
  t => [index('agent_converts').on(t.id).where(sql`${t.roles} LIKE '%convert%'`)],
)

export const host = sqliteTable(
  'host',
  {
    id: text().$type<Id<'host'>>().primaryKey(),
    agent: text()
      .$type<Id<'agent'>>()
      .notNull()
      .references(() => agent.id),
    zone: text()
      .$type<Id<'zone'>>()
      .notNull()
      .references(() => zone.id),
    name: text().notNull(),
    /** Takes new machines? */
    accepting: integer({ mode: 'boolean' }).notNull(),
    maintenance: text().$type<Maintenance>().notNull().default('none'),
    /** Rises with each intent of an admin. */
    generation: integer().notNull().default(0),
    /** Ratios may have fractions: SQLite keeps what is no integer as it is, whatever the column says. */
    cpuRatio: integer().notNull(),
    memoryRatio: integer().notNull(),
    diskRatio: integer().notNull().default(4),
    tags: text({ mode: 'json' }).$type<Readonly<Record<string, string>>>().notNull().default({}),
    /** Bumped by every batch that changes what is wanted on it. */
    revision: integer().notNull(),
    /**
     * Counted anew from its live allocations whenever it is touched, so that placement finds the roomiest by an index. Only a hint: the truth
     * is in the allocations, and the guard of a claim reads those.
     */
    freeVcpus: integer().notNull().default(0),
    freeMemoryMiB: integer().notNull().default(0),
    freeDiskMiB: integer().notNull().default(0),
    removedAt: integer(),
  },
  t => [
    uniqueIndex('host_name').on(t.agent, t.name),
    index('host_zone').on(t.zone, t.id),
    index('host_room').on(t.zone, t.freeMemoryMiB).where(sql`${t.accepting} = 1`),
  ],
)

/** What the agent says of the host. Capacity in whole units, before the ratios. */
export const hostObserved = sqliteTable(
  'host_observed',
  {
    host: text()
      .$type<Id<'host'>>()
      .primaryKey()
      .references(() => host.id),
    epoch: integer().notNull(),
    seq: integer().notNull(),
    hypervisor: text().notNull(),
    hypervisorVersion: text().notNull(),
    acceleration: text().$type<'hardware' | 'emulated' | 'simulated'>().notNull(),
    architecture: text().notNull(),
    bootId: text().notNull(),
    cpus: integer().notNull(),
    memoryMiB: integer().notNull(),
    diskMiB: integer().notNull(),
    underlay: text(),
    warnings: text({ mode: 'json' }).$type<readonly string[]>().notNull(),
    digest: text().notNull(),
    at: integer().notNull(),
  },
  t => [index('host_joined').on(t.host).where(sql`${t.underlay} IS NOT NULL`)],
)

/** A machine or volume that is elsewhere now, and of which nothing may remain on this host: kept until the host says so. */
export const tombstone = sqliteTable(
  'tombstone',
  {
    host: text().$type<Id<'host'>>().notNull(),
    subject: text().$type<Id<'machine'> | Id<'volume'>>().notNull(),
    generation: integer().notNull(),
    /** Where a volume's bytes lie; null of a machine. */
    pool: text().$type<Id<'storagePool'>>(),
    at: integer().notNull(),
  },
  t => [
    primaryKey({ columns: [t.host, t.subject] }),
    index('tombstone_subject').on(t.subject),
    index('tombstone_pool').on(t.pool).where(sql`${t.pool} IS NOT NULL`),
  ],
)

/** Agents that are to run another bundle: one for each operation that upgrades a host's. `endedAt` null: still wanted. */
export const agentUpgrade = sqliteTable(
  'agent_upgrade',
  {
    host: text()
      .$type<Id<'host'>>()
      .notNull()
      .references(() => host.id),
    /** The host's generation with it: its operation's. */
    generation: integer().notNull(),
    agent: text()
      .$type<Id<'agent'>>()
      .notNull()
      .references(() => agent.id),
    bundle: text().notNull(),
    /** Once it is done the next host follows. */
    rolling: integer({ mode: 'boolean' }).notNull(),
    endedAt: integer(),
    /** Why it did not come about, in the agent's words. */
    why: text(),
  },
  t => [
    primaryKey({ columns: [t.host, t.generation] }),
    uniqueIndex('agent_upgrade_live').on(t.agent).where(sql`${t.endedAt} IS NULL`),
  ],
)

/**
 * A silent host of which somebody vouches that nothing runs on it: asked for, then `at` once it is so, until its agent links again. It
 * holds for one boot and one epoch of the link, which rises with it: what an older link said is refused.
 */
export const fence = sqliteTable(
  'fence',
  {
    id: text().$type<Id<'fence'>>().primaryKey(),
    host: text()
      .$type<Id<'host'>>()
      .notNull()
      .references(() => host.id),
    how: text().$type<FenceWay>().notNull(),
    by: text().$type<Id<'user'>>().notNull(),
    /** The host's generation with it: its operation's. */
    generation: integer().notNull(),
    epoch: integer().notNull(),
    bootId: text(),
    askedAt: integer().notNull(),
    at: integer(),
    liftedAt: integer(),
  },
  t => [
    uniqueIndex('fence_host').on(t.host, t.generation),
    uniqueIndex('fence_live').on(t.host).where(sql`${t.at} IS NOT NULL AND ${t.liftedAt} IS NULL`),
  ],
)

/** How a host's power is switched from outside: its management controller. */
export const hostPower = sqliteTable('host_power', {
  host: text()
    .$type<Id<'host'>>()
    .primaryKey()
    .references(() => host.id),
  way: text().$type<PowerWay>().notNull(),
  address: text().notNull(),
  port: integer().notNull(),
  username: text().notNull(),
  pin: text(),
  system: text(),
  /** Sealed; place `host_power|<host>|password`. */
  password: text().notNull(),
})
/** Machines that a maintenance of their host stopped: started again when it returns. */
export const maintenanceStop = sqliteTable(
  'maintenance_stop',
  { host: text().$type<Id<'host'>>().notNull(), machine: text().$type<Id<'machine'>>().notNull() },
  t => [primaryKey({ columns: [t.host, t.machine] })],
)

/** A machine on its way from one host to another. Live while `endedAt` is null: then both hosts are told of it. */
export const migration = sqliteTable(
  'migration',
  {
    id: text().$type<Id<'migration'>>().primaryKey(),
    machine: text().$type<Id<'machine'>>().notNull(),
    project: text().$type<Id<'project'>>().notNull(),
    source: text().$type<Id<'host'>>().notNull(),
    target: text().$type<Id<'host'>>().notNull(),
    /** Sealed base64; place `migration|<id>|secret`. */
    secret: text().notNull(),
    /** Those of the machine, which move with it. */
    volumes: text({ mode: 'json' }).$type<readonly Id<'volume'>[]>().notNull(),
    phase: text().$type<MigrationPhase>().notNull(),
    /** It goes while it is off: its volumes alone. */
    offline: integer({ mode: 'boolean' }).notNull().default(false),
    /** What the two hosts last said. */
    sourceSaw: text({ mode: 'json' }).$type<SeenMove>(),
    targetSaw: text({ mode: 'json' }).$type<SeenMove>(),
    progress: text(),
    version: integer().notNull(),
    createdAt: integer().notNull(),
    endedAt: integer(),
  },
  t => [
    uniqueIndex('migration_live').on(t.machine).where(sql`${t.endedAt} IS NULL`),
    index('migration_source').on(t.source, t.machine).where(sql`${t.endedAt} IS NULL`),
    index('migration_target').on(t.target, t.machine).where(sql`${t.endedAt} IS NULL`),
    index('migration_machine').on(t.machine),
  ],
)

/** Machines that an agent found and nobody asked for. */
export const orphan = sqliteTable(
  'orphan',
  {
    /** Empty of one that was seen before there were ids: given when it is seen again. */
    id: text().$type<Id<'orphan'>>().notNull().default(sql`''`),
    host: text().$type<Id<'host'>>().notNull(),
    machine: text().notNull(),
    power: text().$type<SeenPower>().notNull(),
    /** What it is made of, as far as its host can tell, and a digest of all that it said. */
    found: text({ mode: 'json' }).$type<FoundSpec>(),
    digest: text().notNull().default(''),
    /** When it was first seen. */
    at: integer().notNull(),
    /** Rises with what an admin asks. */
    generation: integer().notNull().default(0),
    removing: integer({ mode: 'boolean' }).notNull().default(false),
  },
  t => [primaryKey({ columns: [t.host, t.machine] }), uniqueIndex('orphan_id').on(t.id).where(sql`${t.id} <> ''`)],
)

export const flavor = sqliteTable('flavor', {
  id: text().$type<Id<'flavor'>>().primaryKey(),
  name: text().notNull().unique(),
  vcpus: integer().notNull(),
  memoryMiB: integer().notNull(),
  diskMiB: integer().notNull(),
  /** Hosts of its machines have these tags. */
  hostTags: text({ mode: 'json' }).$type<Readonly<Record<string, string>>>().notNull().default({}),
})

export const image = sqliteTable(
  'image',
  {
    id: text().$type<Id<'image'>>().primaryKey(),
    alias: text().notNull().unique(),
    name: text().notNull(),
    description: text().notNull(),
    /** null: of the platform, public. */
    project: text().$type<Id<'project'>>(),
    architecture: text().notNull(),
    /** What guests of it start from, where a launch does not say. */
    firmware: text().$type<Firmware>().notNull().default('bios'),
    minDiskMiB: integer().notNull(),
    files: text({ mode: 'json' }).$type<readonly ImageFile[]>().notNull(),
    cmdline: text(),
    visibility: text().$type<Visibility>().notNull().default('public'),
    state: text().$type<ImageState>().notNull().default('ready'),
    generation: integer().notNull().default(1),
    failure: text({ mode: 'json' }).$type<Fault>(),
    virtualBytes: integer(),
    origin: text(),
    deprecatedAt: integer(),
    /** Machines in rescue boot from it, where nobody says from what. */
    forRescue: integer({ mode: 'boolean' }).notNull().default(false),
    /** Since when nobody sees it; its bytes go when the last machine on it is forgotten. */
    deletedAt: integer(),
    createdAt: integer().notNull(),
  },
  t => [
    index('image_project').on(t.project, t.id),
    index('image_deleted').on(t.deletedAt, t.id).where(sql`${t.deletedAt} IS NOT NULL`),
    index('image_rescue').on(t.id).where(sql`${t.forRescue} = 1`),
    index('image_pending').on(t.createdAt, t.id).where(sql`${t.state} = 'pending'`),
  ],
)

/** Projects that may launch from an image of another. */
export const imageShare = sqliteTable(
  'image_share',
  {
    image: text()
      .$type<Id<'image'>>()
      .notNull()
      .references(() => image.id),
    project: text().$type<Id<'project'>>().notNull(),
  },
  t => [primaryKey({ columns: [t.image, t.project] }), index('image_share_project').on(t.project, t.image)],
)

/** Who still needs the bytes of a content: they go with the last. */
export const imageFile = sqliteTable(
  'image_file',
  { sha256: text().notNull(), image: text().$type<Id<'image'>>().notNull() },
  t => [primaryKey({ columns: [t.sha256, t.image] }), index('image_file_image').on(t.image)],
)

/** What an image is made from, and on which host; `host` is null before one is chosen, and after. */
export const imageImport = sqliteTable(
  'image_import',
  {
    image: text()
      .$type<Id<'image'>>()
      .primaryKey()
      .references(() => image.id),
    source: text({ mode: 'json' }).$type<ImportSource>().notNull(),
    host: text().$type<Id<'host'>>(),
    begunAt: integer().notNull(),
  },
  t => [index('image_import_host').on(t.host).where(sql`${t.host} IS NOT NULL`)],
)

/** The converting agent's words: ordered by its own (epoch, seq). */
export const imageObserved = sqliteTable('image_observed', {
  image: text().$type<Id<'image'>>().primaryKey(),
  host: text().$type<Id<'host'>>().notNull(),
  epoch: integer().notNull(),
  seq: integer().notNull(),
  appliedGeneration: integer().notNull(),
  progress: text(),
  fault: text({ mode: 'json' }).$type<Fault>(),
  result: text({ mode: 'json' }).$type<ImportResult>(),
  digest: text().notNull(),
  at: integer().notNull(),
})

/** An image's presence in a region; `remote` is its id there. */
export const imageCopy = sqliteTable(
  'image_copy',
  {
    image: text()
      .$type<Id<'image'>>()
      .notNull()
      .references(() => image.id),
    region: text()
      .$type<Id<'region'>>()
      .notNull()
      .references(() => region.id),
    state: text().$type<'ready' | 'copying' | 'failed'>().notNull(),
    remote: text(),
  },
  t => [primaryKey({ columns: [t.image, t.region] })],
)

export const keyPair = sqliteTable(
  'key_pair',
  {
    id: text().$type<Id<'keyPair'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    name: text().notNull(),
    publicKey: text().notNull(),
    type: text().$type<'ed25519' | 'rsa'>().notNull(),
    fingerprint: text().notNull(),
    createdAt: integer().notNull(),
  },
  t => [uniqueIndex('key_pair_name').on(t.project, t.name), index('key_pair_project').on(t.project, t.id)],
)

/** Machines that belong on one host, or each on another. */
export const placementGroup = sqliteTable(
  'placement_group',
  {
    id: text().$type<Id<'placementGroup'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    name: text().notNull(),
    policy: text().$type<PlacementPolicy>().notNull(),
    strict: integer({ mode: 'boolean' }).notNull(),
    createdAt: integer().notNull(),
  },
  t => [uniqueIndex('placement_group_name').on(t.project, t.name), index('placement_group_project').on(t.project, t.id)],
)

export const network = sqliteTable(
  'network',
  {
    id: text().$type<Id<'network'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    region: text().$type<Id<'region'>>().notNull(),
    name: text().notNull(),
    isDefault: integer({ mode: 'boolean' }).notNull(),
    /** What all its subnets lie in; null of a default network. */
    cidr: text(),
    generation: integer().notNull(),
    createdAt: integer().notNull(),
  },
  t => [
    uniqueIndex('network_default').on(t.project, t.region).where(sql`${t.isDefault} = 1`),
    index('network_project').on(t.project, t.id),
  ],
)

export const subnet = sqliteTable(
  'subnet',
  {
    id: text().$type<Id<'subnet'>>().primaryKey(),
    alias: text().notNull().unique(),
    network: text()
      .$type<Id<'network'>>()
      .notNull()
      .references(() => network.id),
    zone: text()
      .$type<Id<'zone'>>()
      .notNull()
      .references(() => zone.id),
    cidr: text().notNull(),
    mtu: integer().notNull(),
    /** Its number in the tunnels between the hosts of its zone (VXLAN), from the first launch into it on. */
    vni: integer(),
    /** Cut from the zone's own ranges for a default network: no two of these are equal. */
    pooled: integer({ mode: 'boolean' }).notNull().default(true),
  },
  t => [
    index('subnet_network').on(t.network),
    uniqueIndex('subnet_range').on(t.zone, t.cidr).where(sql`${t.pooled} = 1`),
    index('subnet_zone').on(t.zone, t.cidr),
    uniqueIndex('subnet_vni').on(t.zone, t.vni),
  ],
)

/** Numbers of subnets that were deleted, until they may be given again. */
export const restingVni = sqliteTable(
  'resting_vni',
  { zone: text().$type<Id<'zone'>>().notNull(), vni: integer().notNull(), until: integer().notNull() },
  t => [primaryKey({ columns: [t.zone, t.vni] }), index('resting_vni_until').on(t.until)],
)

export const machine = sqliteTable(
  'machine',
  {
    id: text().$type<Id<'machine'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    zone: text().$type<Id<'zone'>>().notNull(),
    name: text().notNull(),
    flavor: text().notNull(),
    vcpus: integer().notNull(),
    memoryMiB: integer().notNull(),
    diskMiB: integer().notNull(),
    image: text().$type<Id<'image'>>().notNull(),
    keyPair: text(),
    publicKeys: text({ mode: 'json' }).$type<readonly string[]>().notNull(),
    /** Sealed base64; place `machine|<id>|user_data`. */
    userData: text(),
    reservation: text().notNull(),
    launchIndex: integer().notNull(),
    clientToken: text(),
    onGuestShutdown: text().$type<'stop' | 'terminate'>().notNull(),
    placementGroup: text().$type<Id<'placementGroup'>>(),
    /** Its host has these, wherever it is placed next. */
    hostTags: text({ mode: 'json' }).$type<Readonly<Record<string, string>>>().notNull().default({}),
    protected: integer({ mode: 'boolean' }).notNull().default(false),
    firmware: text().$type<Firmware>().notNull().default('bios'),
    recover: text().$type<Recover>().notNull().default('no'),
    /** What it boots from in rescue; the volume is there only while it is in rescue. */
    rescueImage: text().$type<Id<'image'>>(),
    rescueVolume: text().$type<Id<'volume'>>(),
    createdAt: integer().notNull(),
    ranAt: integer(),
    power: text().$type<Power>().notNull(),
    generation: integer().notNull(),
    version: integer().notNull(),
    failure: text({ mode: 'json' }).$type<Fault>(),
    goneAt: integer(),
  },
  t => [
    index('machine_project').on(t.project, t.id),
    index('machine_quota').on(t.project, t.vcpus, t.memoryMiB).where(sql`${t.power} <> 'gone'`),
    index('machine_reservation').on(t.reservation),
    index('machine_image').on(t.image),
    index('machine_gone').on(t.goneAt).where(sql`${t.goneAt} IS NOT NULL`),
    index('machine_group').on(t.placementGroup).where(sql`${t.placementGroup} IS NOT NULL AND ${t.goneAt} IS NULL`),
  ],
)

/** The observer's: ordered by its own (epoch, seq); observing never touches what is desired. */
export const machineObserved = sqliteTable('machine_observed', {
  machine: text().$type<Id<'machine'>>().primaryKey(),
  host: text().$type<Id<'host'>>(),
  epoch: integer().notNull(),
  seq: integer().notNull(),
  appliedGeneration: integer().notNull(),
  power: text().$type<SeenPower>().notNull(),
  cause: text().$type<'asked' | 'guest' | 'crash' | 'unknown'>(),
  progress: text(),
  fault: text({ mode: 'json' }).$type<Fault>(),
  digest: text().notNull(),
  at: integer().notNull(),
})

/** A consumer's claim on a host: the only truth of used capacity. Live while `until` is null. */
export const allocation = sqliteTable(
  'allocation',
  {
    id: text().$type<Id<'allocation'>>().primaryKey(),
    consumer: text().$type<Id<'machine' | 'volume' | 'snapshot' | 'migration'>>().notNull(),
    host: text()
      .$type<Id<'host'>>()
      .notNull()
      .references(() => host.id),
    vcpus: integer().notNull(),
    memoryMiB: integer().notNull(),
    /** In its host's own directory. */
    diskMiB: integer().notNull(),
    /** The pool with a directory of its own that it has room in, and how much. */
    pool: text().$type<Id<'storagePool'>>(),
    poolMiB: integer().notNull().default(0),
    /** Of its consumer, where it is in one: what the guard of a claim in the same group looks at. */
    placementGroup: text().$type<Id<'placementGroup'>>(),
    from: integer().notNull(),
    until: integer(),
  },
  t => [
    index('allocation_live').on(t.host, t.vcpus, t.memoryMiB, t.diskMiB, t.consumer).where(sql`${t.until} IS NULL`),
    uniqueIndex('allocation_consumer').on(t.consumer).where(sql`${t.until} IS NULL`),
    index('allocation_group').on(t.placementGroup, t.host).where(sql`${t.until} IS NULL AND ${t.placementGroup} IS NOT NULL`),
    index('allocation_pool').on(t.pool, t.host, t.poolMiB).where(sql`${t.until} IS NULL AND ${t.pool} IS NOT NULL`),
    index('allocation_ended').on(t.consumer).where(sql`${t.until} IS NOT NULL`),
  ],
)

/** Where volumes lie: shared by the hosts of a zone, or a place of the same name on each of them. */
export const storagePool = sqliteTable(
  'storage_pool',
  {
    id: text().$type<Id<'storagePool'>>().primaryKey(),
    zone: text()
      .$type<Id<'zone'>>()
      .notNull()
      .references(() => zone.id),
    name: text().notNull(),
    type: text().$type<PoolType>().notNull(),
    isDefault: integer({ mode: 'boolean' }).notNull(),
    /** The directory of every host of the zone that it lies in, or the pool's name in Ceph; null: the agent's own. */
    path: text(),
    /** Where Ceph answers, and as whom; null of every other type. */
    ceph: text({ mode: 'json' }).$type<Ceph>(),
    /** That user's key, sealed. */
    cephKey: text(),
    createdAt: integer().notNull(),
  },
  t => [
    uniqueIndex('storage_pool_name').on(t.zone, t.name),
    uniqueIndex('storage_pool_default').on(t.zone).where(sql`${t.isDefault} = 1`),
  ],
)

/** What hosts last said of the pools that have a directory: `fault` says why one cannot be used there. */
export const hostPool = sqliteTable(
  'host_pool',
  {
    host: text()
      .$type<Id<'host'>>()
      .notNull()
      .references(() => host.id),
    pool: text()
      .$type<Id<'storagePool'>>()
      .notNull()
      .references(() => storagePool.id),
    totalMiB: integer().notNull(),
    fault: text(),
    at: integer().notNull(),
  },
  t => [primaryKey({ columns: [t.host, t.pool] }), index('host_pool_pool').on(t.pool, t.host)],
)

export const volume = sqliteTable(
  'volume',
  {
    id: text().$type<Id<'volume'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    zone: text()
      .$type<Id<'zone'>>()
      .notNull()
      .references(() => zone.id),
    pool: text()
      .$type<Id<'storagePool'>>()
      .notNull()
      .references(() => storagePool.id),
    name: text().notNull(),
    sizeMiB: integer().notNull(),
    sourceKind: text().$type<SourceKind>().notNull(),
    sourceImage: text().$type<Id<'image'>>(),
    sourceSnapshot: text().$type<Id<'snapshot'>>(),
    sourceBackup: text().$type<Id<'backup'>>(),
    /** What it stands on in the end, through however many snapshots. */
    baseImage: text().$type<Id<'image'>>(),
    /** What it went back to last, or is to, at which generation. */
    revertSnapshot: text().$type<Id<'snapshot'>>(),
    revertTurn: integer(),
    /** MiB before it last became larger, and when that was asked for. */
    grownFrom: integer(),
    grownAt: integer(),
    /** The host that it was on when the data was backed up which was restored since. */
    keptOn: text().$type<Id<'host'>>(),
    createdAt: integer().notNull(),
    /** Wanted gone. */
    deleted: integer({ mode: 'boolean' }).notNull(),
    generation: integer().notNull(),
    version: integer().notNull(),
    goneAt: integer(),
  },
  t => [
    index('volume_project').on(t.project, t.id),
    index('volume_pool').on(t.pool),
    index('volume_quota').on(t.project, t.sizeMiB).where(sql`${t.deleted} = 0`),
    index('volume_snapshot').on(t.sourceSnapshot).where(sql`${t.sourceSnapshot} IS NOT NULL`),
    index('volume_backup').on(t.sourceBackup).where(sql`${t.sourceBackup} IS NOT NULL`),
    index('volume_base').on(t.baseImage).where(sql`${t.baseImage} IS NOT NULL`),
    index('volume_revert').on(t.revertSnapshot).where(sql`${t.revertSnapshot} IS NOT NULL`),
    index('volume_gone').on(t.goneAt).where(sql`${t.goneAt} IS NOT NULL`),
  ],
)

/** Which machine has a volume, and where: what is wanted. */
export const attachment = sqliteTable(
  'attachment',
  {
    volume: text()
      .$type<Id<'volume'>>()
      .primaryKey()
      .references(() => volume.id),
    machine: text().$type<Id<'machine'>>().notNull(),
    device: text().notNull(),
    boot: integer({ mode: 'boolean' }).notNull(),
    readOnly: integer({ mode: 'boolean' }).notNull(),
    /** Deleted with its machine? */
    deleteOnTermination: integer({ mode: 'boolean' }).notNull(),
    at: integer().notNull(),
  },
  t => [uniqueIndex('attachment_device').on(t.machine, t.device)],
)

/** The observer's, as of a machine. */
export const volumeObserved = sqliteTable('volume_observed', {
  volume: text().$type<Id<'volume'>>().primaryKey(),
  host: text().$type<Id<'host'>>(),
  epoch: integer().notNull(),
  seq: integer().notNull(),
  appliedGeneration: integer().notNull(),
  here: integer({ mode: 'boolean' }).notNull(),
  sizeMiB: integer().notNull(),
  machine: text(),
  progress: text(),
  fault: text({ mode: 'json' }).$type<Fault>(),
  digest: text().notNull(),
  at: integer().notNull(),
})

export const snapshot = sqliteTable(
  'snapshot',
  {
    id: text().$type<Id<'snapshot'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    zone: text()
      .$type<Id<'zone'>>()
      .notNull()
      .references(() => zone.id),
    pool: text()
      .$type<Id<'storagePool'>>()
      .notNull()
      .references(() => storagePool.id),
    volume: text().$type<Id<'volume'>>().notNull(),
    /** What its volume stands on in the end. */
    baseImage: text().$type<Id<'image'>>(),
    /** EC2's id of the volume, which may be forgotten before the snapshot is. */
    volumeAlias: text().notNull(),
    name: text().notNull(),
    /** Made for a copy of its volume, and deleted when that is there. */
    passing: integer({ mode: 'boolean' }).notNull(),
    /** As of a volume. */
    keptOn: text().$type<Id<'host'>>(),
    /** Of snapshots of all volumes of one machine at once: the id of the first. */
    moment: text().$type<Id<'snapshot'>>(),
    /** Of the volume when it was made. */
    sizeMiB: integer().notNull(),
    createdAt: integer().notNull(),
    deleted: integer({ mode: 'boolean' }).notNull(),
    generation: integer().notNull(),
    version: integer().notNull(),
    goneAt: integer(),
  },
  t => [
    index('snapshot_project').on(t.project, t.id),
    index('snapshot_pool').on(t.pool),
    index('snapshot_quota').on(t.project).where(sql`${t.deleted} = 0 AND ${t.passing} = 0`),
    index('snapshot_volume').on(t.volume, t.id),
    index('snapshot_base').on(t.baseImage).where(sql`${t.baseImage} IS NOT NULL`),
    index('snapshot_moment').on(t.moment).where(sql`${t.moment} IS NOT NULL`),
    index('snapshot_gone').on(t.goneAt).where(sql`${t.goneAt} IS NOT NULL`),
  ],
)

export const snapshotObserved = sqliteTable('snapshot_observed', {
  snapshot: text().$type<Id<'snapshot'>>().primaryKey(),
  host: text().$type<Id<'host'>>(),
  epoch: integer().notNull(),
  seq: integer().notNull(),
  appliedGeneration: integer().notNull(),
  here: integer({ mode: 'boolean' }).notNull(),
  /** Did the guest's file systems stand still? */
  quiet: integer({ mode: 'boolean' }).notNull().default(false),
  fault: text({ mode: 'json' }).$type<Fault>(),
  digest: text().notNull(),
  at: integer().notNull(),
})

/** What volumes held, kept in the blob store. It outlives its volume and its snapshot. */
export const backup = sqliteTable(
  'backup',
  {
    id: text().$type<Id<'backup'>>().primaryKey(),
    project: text().$type<Id<'project'>>().notNull(),
    name: text().notNull(),
    volume: text().$type<Id<'volume'>>().notNull(),
    volumeAlias: text().notNull(),
    sizeMiB: integer().notNull(),
    snapshot: text().$type<Id<'snapshot'>>().notNull(),
    made: text().$type<'creating' | 'ready' | 'failed'>().notNull(),
    failure: text({ mode: 'json' }).$type<Fault>(),
    /** Which takes it; null before and after. */
    host: text().$type<Id<'host'>>(),
    /** In which order those of a volume were begun, and what each stands on. */
    turn: integer(),
    base: text().$type<Id<'backup'>>(),
    /** It is being taken, or removed: at most one of a volume. */
    busy: integer({ mode: 'boolean' }).notNull(),
    /** SHA-256 of its root. */
    root: text(),
    sizeBytes: integer(),
    storedBytes: integer(),
    createdAt: integer().notNull(),
    /** Ready, failed, or given up. */
    endedAt: integer(),
    /** Nothing is stored that only it would need. */
    sweptAt: integer(),
    deleted: integer({ mode: 'boolean' }).notNull(),
    generation: integer().notNull(),
    version: integer().notNull(),
    goneAt: integer(),
  },
  t => [
    index('backup_project').on(t.project, t.id),
    index('backup_volume').on(t.volume, t.id),
    index('backup_host').on(t.host).where(sql`${t.host} IS NOT NULL`),
    index('backup_unswept').on(t.endedAt).where(sql`${t.sweptAt} IS NULL AND ${t.made} <> 'ready' AND ${t.endedAt} IS NOT NULL`),
    index('backup_gone').on(t.goneAt).where(sql`${t.goneAt} IS NOT NULL`),
  ],
)

/** The words of the host that takes it: ordered by its own (epoch, seq). */
export const backupObserved = sqliteTable('backup_observed', {
  backup: text().$type<Id<'backup'>>().primaryKey(),
  host: text().$type<Id<'host'>>().notNull(),
  epoch: integer().notNull(),
  seq: integer().notNull(),
  appliedGeneration: integer().notNull(),
  progress: text(),
  fault: text({ mode: 'json' }).$type<Fault>(),
  result: text({ mode: 'json' }).$type<BackupResult>(),
  digest: text().notNull(),
  at: integer().notNull(),
})

export const port = sqliteTable(
  'port',
  {
    id: text().$type<Id<'port'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    network: text().$type<Id<'network'>>().notNull(),
    subnet: text()
      .$type<Id<'subnet'>>()
      .notNull()
      .references(() => subnet.id),
    machine: text().$type<Id<'machine'>>().notNull(),
    position: integer().notNull(),
    mac: text().notNull(),
    address: text().notNull(),
  },
  t => [
    uniqueIndex('port_address').on(t.subnet, t.address),
    uniqueIndex('port_mac').on(t.subnet, t.mac),
    index('port_machine').on(t.machine),
  ],
)

/** Stateful allow rules of the ports that are in it. */
export const securityGroup = sqliteTable(
  'security_group',
  {
    id: text().$type<Id<'securityGroup'>>().primaryKey(),
    alias: text().notNull().unique(),
    project: text().$type<Id<'project'>>().notNull(),
    network: text().$type<Id<'network'>>().notNull(),
    name: text().notNull(),
    description: text().notNull(),
    isDefault: integer({ mode: 'boolean' }).notNull(),
    createdAt: integer().notNull(),
  },
  t => [
    uniqueIndex('security_group_name').on(t.network, t.name),
    uniqueIndex('security_group_default').on(t.network).where(sql`${t.isDefault} = 1`),
    index('security_group_project').on(t.project, t.id),
  ],
)

/** Of `cidr` and `peer` one is null. `likeness`: of two rules of a group that are alike one is too many. */
export const securityRule = sqliteTable(
  'security_rule',
  {
    id: text().$type<Id<'securityRule'>>().primaryKey(),
    alias: text().notNull().unique(),
    securityGroup: text().$type<Id<'securityGroup'>>().notNull(),
    direction: text().$type<RuleDirection>().notNull(),
    protocol: text().notNull(),
    from: integer(),
    to: integer(),
    cidr: text(),
    peer: text().$type<Id<'securityGroup'>>(),
    description: text().notNull(),
    likeness: text().notNull(),
  },
  t => [
    uniqueIndex('security_rule_alike').on(t.securityGroup, t.likeness),
    index('security_rule_peer').on(t.peer, t.securityGroup),
  ],
)

/** Which groups a port is in. */
export const portGroup = sqliteTable(
  'port_group',
  { port: text().$type<Id<'port'>>().notNull(), securityGroup: text().$type<Id<'securityGroup'>>().notNull() },
  t => [primaryKey({ columns: [t.port, t.securityGroup] }), index('port_group_members').on(t.securityGroup, t.port)],
)

/** Key and value of any noun; `resource` is our id. */
export const tag = sqliteTable(
  'tag',
  {
    resource: text().notNull(),
    key: text().notNull(),
    value: text().notNull(),
    project: text().$type<Id<'project'>>().notNull(),
  },
  t => [
    primaryKey({ columns: [t.resource, t.key] }),
    index('tag_project').on(t.project, t.resource, t.key),
    index('tag_value').on(t.project, t.key, t.value, t.resource),
  ],
)

export const operation = sqliteTable(
  'operation',
  {
    id: text().$type<Id<'operation'>>().primaryKey(),
    kind: text().$type<OperationKind>().notNull(),
    workflow: integer().notNull(),
    project: text().$type<Id<'project'>>().notNull(),
    subject: text().$type<SubjectId>().notNull(),
    /** Which operations object owns it: by hash of the subject. */
    shard: integer().notNull(),
    generation: integer().notNull(),
    state: text().$type<OperationState>().notNull(),
    step: integer().notNull(),
    tries: integer().notNull(),
    version: integer().notNull(),
    wakeAt: integer(),
    waiting: text(),
    waitingSaid: text({ mode: 'json' }).$type<Pick<Said, 'key' | 'params'>>(),
    waitingSince: integer(),
    fault: text({ mode: 'json' }).$type<Fault>(),
    asked: text().$type<OperationAsk>(),
    stuckIn: text().$type<OperationState>(),
    createdAt: integer().notNull(),
    endedAt: integer(),
  },
  t => [
    index('operation_due').on(t.shard, t.wakeAt).where(sql`${t.wakeAt} IS NOT NULL`),
    index('operation_subject').on(t.subject, t.id),
    index('operation_project').on(t.project, t.id),
    index('operation_stuck').on(t.id).where(sql`${t.state} = 'stuck'`),
  ],
)

/** What an operation did, step by step. */
export const operationLog = sqliteTable(
  'operation_log',
  {
    operation: text().$type<Id<'operation'>>().notNull(),
    version: integer().notNull(),
    step: text().notNull(),
    outcome: text().notNull(),
    at: integer().notNull(),
  },
  t => [primaryKey({ columns: [t.operation, t.version] })],
)

/** Commands sent to agents, and how they ended. */
export const command = sqliteTable(
  'command',
  {
    id: text().primaryKey(),
    host: text().$type<Id<'host'>>().notNull(),
    body: text({ mode: 'json' }).$type<CommandBody>().notNull(),
    outcome: text({ mode: 'json' }).$type<Outcome>(),
    at: integer().notNull(),
  },
  t => [index('command_at').on(t.at), index('command_pending').on(t.host, t.at).where(sql`${t.outcome} IS NULL`)],
)

/** How busy a host and its machines were: one packed row a host and window. */
export const sampleHistory = sqliteTable(
  'sample_history',
  {
    host: text().$type<Id<'host'>>().notNull(),
    at: integer().notNull(),
    data: text({ mode: 'json' }).$type<Pick<Window, 'reading' | 'machines'>>().notNull(),
  },
  t => [primaryKey({ columns: [t.host, t.at] }), index('sample_history_at').on(t.at)],
)

/** `seq` is the only cursor: of feeds, webhooks, changes-since. Events are thin. */
export const event = sqliteTable(
  'event',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().$type<Id<'event'>>().notNull(),
    project: text().$type<Id<'project'>>(),
    type: text().notNull(),
    subject: text().notNull(),
    data: text({ mode: 'json' }).$type<Readonly<Record<string, unknown>>>().notNull(),
    at: integer().notNull(),
  },
  t => [index('event_project').on(t.project, t.seq), index('event_subject').on(t.subject, t.seq), index('event_at').on(t.at)],
)

/** Accepted verbs: who did what to what. */
export const audit = sqliteTable(
  'audit',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    at: integer().notNull(),
    project: text().$type<Id<'project'>>(),
    actor: text().notNull(),
    verb: text().notNull(),
    subjects: text({ mode: 'json' }).$type<readonly string[]>().notNull(),
  },
  t => [index('audit_project').on(t.project, t.seq)],
)

/** The audit's chain: the hash of all lines up to this one. */
export const auditSeal = sqliteTable('audit_seal', {
  seq: integer().primaryKey(),
  hash: text().notNull(),
  at: integer().notNull(),
})

/** Idempotency: EC2's ClientToken, native's Idempotency-Key. The same token with another request is a conflict. */
export const token = sqliteTable(
  'token',
  {
    principal: text().notNull(),
    verb: text().notNull(),
    token: text().notNull(),
    requestHash: text().notNull(),
    /** What was answered: ids. */
    answer: text({ mode: 'json' }).$type<unknown>().notNull(),
    at: integer().notNull(),
  },
  t => [primaryKey({ columns: [t.principal, t.verb, t.token] }), index('token_at').on(t.at)],
)
