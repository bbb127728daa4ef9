import type { Client, InStatement, InValue } from '@libsql/client/web'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import type { Id, Ids } from '@sirocco/shared/kit/id.ts'
import { hex, type Random } from '@sirocco/shared/kit/random.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import type { AgentRole } from '@sirocco/shared/model/agents/roles.ts'
import { flavors } from '@sirocco/shared/model/flavors.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { ImageFile } from '@sirocco/shared/wire/objects.ts'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/web'
import { freeBlock } from '../../domain/networks/range.ts'
import { defaultGroup } from '../../domain/security/group.ts'
import type { Secrets } from '../../ports/secrets.ts'
import * as s from './schema.ts'
import { groupRows } from './security-writes.ts'

/** What the start command and a deploy run on the database itself, as its operator: no principal, no verb. */
export interface SetUpParts {
  readonly client: Client
  readonly secrets: Secrets
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
}

export interface FirstRows {
  /** e.g. `local-1`; its zone is named with the letter a behind. */
  readonly region: string
  /** The range that networks of projects are cut from, e.g. 10.64.0.0/16. */
  readonly pool: string
  readonly project: string
  readonly admin: { readonly email: string /** `scrypt$…`, by `hashPassword`. */; readonly passwordHash: string }
  readonly accessKey: { readonly accessKeyId: string; readonly secret: Secret }
}

/** Of a project's default network in a zone. */
const subnetPrefix = 20

/** The rows that everything else hangs on; run at every start, it adds only what is missing. */
export async function setUp(
  parts: SetUpParts,
  rows: FirstRows,
): Promise<{ project: Id<'project'>; user: Id<'user'>; zone: Id<'zone'> }> {
  const { client, secrets, clock, random, ids } = parts
  const db = drizzle(client)
  const now = clock.now()
  const [existing] = await db
    .select({ project: s.project.id, user: s.user.id, zone: s.zone.id })
    .from(s.project)
    .innerJoin(s.membership, eq(s.membership.project, s.project.id))
    .innerJoin(s.user, eq(s.user.id, s.membership.user))
    .innerJoin(s.zone, eq(s.zone.name, `${rows.region}a`))
    .limit(1)
  const batch: { toSQL(): { sql: string; params: unknown[] } }[] = flavors.map(flavor =>
    db
      .insert(s.flavor)
      .values({ id: ids.make('flavor'), ...flavor })
      .onConflictDoUpdate({
        target: s.flavor.name,
        set: { vcpus: flavor.vcpus, memoryMiB: flavor.memoryMiB, diskMiB: flavor.diskMiB },
      }),
  )
  if (existing) {
    await write(client, batch)
    return existing
  }
  const [project, user, zone, region, account, provider] = [
    ids.make('project'),
    ids.make('user'),
    ids.make('zone'),
    ids.make('region'),
    ids.make('cloudAccount'),
    ids.make('provider'),
  ]
  const [network, accessKey] = [ids.make('network'), ids.make('accessKey')]
  const cidr = freeBlock(rows.pool, subnetPrefix, [])
  if (cidr === null) throw new Error(`the pool ${rows.pool} has no room for a /${subnetPrefix}; give a larger one`)
  batch.push(
    db.insert(s.meta).values({ key: 'incarnation', value: hex(random, 32) }),
    db.insert(s.provider).values({ id: provider, cloud: 'private', name: 'private' }),
    db.insert(s.cloudAccount).values({ id: account, provider, name: 'private' }),
    db.insert(s.region).values({ id: region, name: rows.region, account }),
    db.insert(s.zone).values({ id: zone, region, name: `${rows.region}a` }),
    db.insert(s.addressPool).values({ id: ids.make('addressPool'), zone, purpose: 'tenant', cidr: rows.pool }),
    db
      .insert(s.storagePool)
      .values({ id: ids.make('storagePool'), zone, name: 'local', type: 'directory', isDefault: true, createdAt: now }),
    db.insert(s.project).values({ id: project, name: rows.project, account: digits(random, 12), createdAt: now }),
    db.insert(s.user).values({ id: user, email: rows.admin.email, password: rows.admin.passwordHash, createdAt: now }),
    db.insert(s.membership).values({ project, user, role: 'admin' }),
    db.insert(s.accessKey).values({
      id: accessKey,
      accessKeyId: rows.accessKey.accessKeyId,
      secret: await secrets.seal(rows.accessKey.secret, accessKeyPlace(accessKey)),
      user,
      project,
      createdAt: now,
    }),
    db.insert(s.network).values({
      id: network,
      alias: `vpc-${hex(random, 17)}`,
      project,
      region,
      name: 'default',
      isDefault: true,
      generation: 1,
      createdAt: now,
    }),
    ...groupRows(defaultGroup({ ids, random }, { project, network, isDefaultNetwork: true }), { db, now }),
    db.insert(s.subnet).values({ id: ids.make('subnet'), alias: `subnet-${hex(random, 17)}`, network, zone, cidr, mtu: 1450 }),
  )
  await write(client, batch)
  return { project, user, zone }
}

/** Where an access key's sealed secret belongs. */
export const accessKeyPlace = (id: Id<'accessKey'>): string => `access_key|${id}|secret`

/** A one-time token by which an agent enrols in `zone`; `tokenHash` is its SHA-256 in hex. */
export async function allowEnrolment(
  { client, clock, ids }: SetUpParts,
  zone: Id<'zone'>,
  tokenHash: string,
  roles: readonly AgentRole[] = ['host'],
): Promise<void> {
  await write(client, [
    drizzle(client)
      .insert(s.enrolment)
      .values({
        tokenHash,
        id: ids.make('enrolment'),
        zone,
        roles,
        createdAt: clock.now(),
        expiresAt: clock.now() + limits.enrolment,
      }),
  ])
}

/** A one-time link by which its holder is signed in as `user`; `tokenHash` is its SHA-256 in hex. */
export async function allowSignIn(
  { client, clock, ids }: SetUpParts,
  who: { user: Id<'user'>; project: Id<'project'> },
  tokenHash: string,
): Promise<void> {
  await write(client, [
    drizzle(client)
      .insert(s.session)
      .values({ id: ids.make('session'), tokenHash, kind: 'link', ...who, expiresAt: clock.now() + limits.signInLink }),
  ])
}

export interface PlatformImage {
  readonly name: string
  readonly description: string
  readonly architecture: string
  readonly minDiskMiB: number
  readonly files: readonly ImageFile[]
  readonly cmdline: string | null
}

/** Registers an image of the platform whose files are in the blob store; one of the same name and files is left as it is. */
export async function registerImage({ client, clock, random, ids }: SetUpParts, image: PlatformImage): Promise<Id<'image'>> {
  const db = drizzle(client)
  const existing = await db.select({ id: s.image.id, files: s.image.files }).from(s.image).where(eq(s.image.name, image.name))
  const same = existing.find(row => JSON.stringify(row.files) === JSON.stringify(image.files))
  if (same) return same.id
  const id = ids.make('image')
  const regions = await db.select({ id: s.region.id }).from(s.region)
  await write(client, [
    db.insert(s.image).values({ id, alias: `ami-${hex(random, 17)}`, project: null, createdAt: clock.now(), ...image }),
    ...image.files.map(({ sha256 }) => db.insert(s.imageFile).values({ sha256, image: id })),
    ...regions.map(region => db.insert(s.imageCopy).values({ image: id, region: region.id, state: 'ready' })),
  ])
  return id
}

const digits = (random: Random, length: number) => Array.from(random.bytes(length), byte => String(byte % 10)).join('')

const write = (client: Client, queries: readonly { toSQL(): { sql: string; params: unknown[] } }[]) =>
  client.batch(
    queries.map((query): InStatement => {
      const { sql, params } = query.toSQL()
      return { sql, args: params as InValue[] }
    }),
    'write',
  )
