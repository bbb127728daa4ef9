import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { type QuotaResource, quotaResources } from '@sirocco/shared/model/quota.ts'
import { and, asc, eq, gt, or, type SQL, sql } from 'drizzle-orm'
import type { Member } from '../../../domain/access/member.ts'
import type { TenancyReads } from '../../../ports/tenancy.ts'
import type { Database } from '../database.ts'
import { usedBy } from '../quota.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

const membershipColumns = { project: s.project.id, name: s.project.name, account: s.project.account, role: s.membership.role }
const memberColumns = { user: s.user.id, email: s.user.email, role: s.membership.role, disabledAt: s.user.disabledAt }
const personColumns = { id: s.user.id, email: s.user.email, createdAt: s.user.createdAt, disabledAt: s.user.disabledAt }
const keyColumns = {
  id: s.accessKey.id,
  accessKeyId: s.accessKey.accessKeyId,
  user: s.accessKey.user,
  email: s.user.email,
  createdAt: s.accessKey.createdAt,
  expiresAt: s.accessKey.expiresAt,
  lastUsedAt: s.accessKey.lastUsedAt,
}
const invitationColumns = {
  id: s.invitation.id,
  email: s.invitation.email,
  role: s.invitation.role,
  by: s.user.email,
  createdAt: s.invitation.createdAt,
  expiresAt: s.invitation.expiresAt,
}
const memberOf = ({ disabledAt, ...row }: Omit<Member, 'disabled'> & { disabledAt: number | null }): Member => ({
  ...row,
  disabled: disabledAt !== null,
})

const mapped = <T>(of: (resource: QuotaResource) => T): Record<QuotaResource, T> => ({
  machines: of('machines'),
  vcpus: of('vcpus'),
  memory: of('memory'),
  volumes: of('volumes'),
  disk: of('disk'),
  snapshots: of('snapshots'),
  networks: of('networks'),
  money: of('money'),
})

/** Projects and people. */
export function tenancyReads(database: Database): TenancyReads {
  const { db, clock } = database
  /** Members of this kind, other than the user of the row, who may sign in. */
  const others = (where: SQL): SQL<number> =>
    sql<number>`(SELECT count(*) FROM membership m JOIN user u ON u.id = m.user
      WHERE ${where} AND m.user <> ${sql.raw('"user"."id"')} AND u.${sql.identifier('disabledAt')} IS NULL)`

  return {
    async memberships(user, page) {
      const rows = await database.read(() =>
        db
          .select(membershipColumns)
          .from(s.membership)
          .innerJoin(s.project, eq(s.project.id, s.membership.project))
          .where(
            and(
              eq(s.membership.user, user),
              page.after === null ? undefined : gt(s.membership.project, page.after as Id<'project'>),
            ),
          )
          .orderBy(asc(s.membership.project))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.project)) : rows
    },
    async membership(user, project) {
      const rows = await database.read(() =>
        db
          .select(membershipColumns)
          .from(s.membership)
          .innerJoin(s.project, eq(s.project.id, s.membership.project))
          .where(and(eq(s.membership.user, user), eq(s.membership.project, project as Id<'project'>))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', `there is no project ${project}`, { field: 'project' })
    },
    async members(project, page) {
      const rows = await database.read(() =>
        db
          .select(memberColumns)
          .from(s.membership)
          .innerJoin(s.user, eq(s.user.id, s.membership.user))
          .where(
            and(
              eq(s.membership.project, project),
              page.after === null ? undefined : gt(s.membership.user, page.after as Id<'user'>),
            ),
          )
          .orderBy(asc(s.membership.user))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value.map(memberOf), page.limit, row => row.user)) : rows
    },
    async member(project, ref) {
      const rows = await database.read(() =>
        db
          .select({
            ...memberColumns,
            owners: others(sql`m.project = ${project} AND m.role IN ('owner', 'admin')`),
          })
          .from(s.membership)
          .innerJoin(s.user, eq(s.user.id, s.membership.user))
          .where(and(eq(s.membership.project, project), or(eq(s.user.id, ref as Id<'user'>), eq(s.user.email, ref)))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      if (!found) return refuse('not_found', `there is no member ${ref} in this project`, { field: 'user' })
      const { owners, ...row } = found
      return ok({ ...memberOf(row), owners })
    },
    async invitations(project, page) {
      const rows = await database.read(() =>
        db
          .select(invitationColumns)
          .from(s.invitation)
          .leftJoin(s.user, eq(s.user.id, s.invitation.invitedBy))
          .where(
            and(
              eq(s.invitation.project, project),
              gt(s.invitation.expiresAt, clock.now()),
              page.after === null ? undefined : gt(s.invitation.id, page.after as Id<'invitation'>),
            ),
          )
          .orderBy(asc(s.invitation.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async invitation(tokenHash) {
      const rows = await database.read(() =>
        db
          .select({ ...invitationColumns, project: s.invitation.project })
          .from(s.invitation)
          .leftJoin(s.user, eq(s.user.id, s.invitation.invitedBy))
          .where(and(eq(s.invitation.tokenHash, tokenHash), gt(s.invitation.expiresAt, clock.now()))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found
        ? ok(found)
        : refuse('unauthenticated', 'this invitation was used, was withdrawn or has expired; ask for a new one')
    },
    async accessKeys(project, user, page) {
      const rows = await database.read(() =>
        db
          .select(keyColumns)
          .from(s.accessKey)
          .innerJoin(s.user, eq(s.user.id, s.accessKey.user))
          .where(
            and(
              eq(s.accessKey.project, project),
              user === null ? undefined : eq(s.accessKey.user, user),
              page.after === null ? undefined : gt(s.accessKey.id, page.after as Id<'accessKey'>),
            ),
          )
          .orderBy(asc(s.accessKey.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async accessKey(project, id) {
      const rows = await database.read(() =>
        db
          .select(keyColumns)
          .from(s.accessKey)
          .innerJoin(s.user, eq(s.user.id, s.accessKey.user))
          .where(and(eq(s.accessKey.id, id as Id<'accessKey'>), eq(s.accessKey.project, project))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', `there is no access key ${id}`, { field: 'key' })
    },
    async sessions(user, page) {
      const rows = await database.read(() =>
        db
          .select({
            id: s.session.id,
            project: s.session.project,
            createdAt: s.session.createdAt,
            expiresAt: s.session.expiresAt,
            address: s.session.address,
            device: s.session.device,
            lastUsedAt: s.session.lastUsedAt,
          })
          .from(s.session)
          .where(
            and(
              eq(s.session.user, user),
              eq(s.session.kind, 'session'),
              gt(s.session.expiresAt, clock.now()),
              page.after === null ? undefined : gt(s.session.id, page.after as Id<'session'>),
            ),
          )
          .orderBy(asc(s.session.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async users(page) {
      const rows = await database.read(() =>
        db
          .select(personColumns)
          .from(s.user)
          .where(page.after === null ? undefined : gt(s.user.id, page.after as Id<'user'>))
          .orderBy(asc(s.user.id))
          .limit(page.limit + 1),
      )
      return rows.ok ? ok(paged(rows.value, page.limit, row => row.id)) : rows
    },
    async user(ref) {
      const rows = await database.read(() =>
        db
          .select({ ...personColumns, password: s.user.password, admins: others(sql`m.role = 'admin'`) })
          .from(s.user)
          .where(or(eq(s.user.id, ref as Id<'user'>), eq(s.user.email, ref)))
          .limit(1),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', `there is no user ${ref}`, { field: 'user' })
    },
    async quota(project) {
      const rows = await database.read(async () => {
        const [limits, counted] = await db.batch([
          db.select({ resource: s.quota.resource, most: s.quota.most }).from(s.quota).where(eq(s.quota.project, project)),
          db
            .select(mapped(resource => sql<number>`${usedBy[resource](sql`${project}`)}`))
            .from(s.project)
            .where(eq(s.project.id, project)),
        ])
        const most = new Map(limits.map(row => [row.resource, row.most]))
        const [used] = counted
        return quotaResources.map(resource => ({ resource, limit: most.get(resource) ?? null, used: used?.[resource] ?? 0 }))
      })
      return rows
    },
    async ground() {
      return database.read(async () => {
        const [zones, pools, subnets] = await db.batch([
          db.select({ region: s.zone.region, zone: s.zone.id }).from(s.zone),
          db.select({ zone: s.addressPool.zone, cidr: s.addressPool.cidr }).from(s.addressPool),
          db
            .select({ zone: s.subnet.zone, cidr: s.subnet.cidr })
            .from(s.zone)
            .innerJoin(s.subnet, and(eq(s.subnet.zone, s.zone.id), eq(s.subnet.pooled, true))),
        ])
        const cidrsIn = (rows: readonly { zone: Id<'zone'>; cidr: string }[], zone: Id<'zone'>) =>
          rows.filter(row => row.zone === zone).map(row => row.cidr)
        return zones.map(row => ({ ...row, pools: cidrsIn(pools, row.zone), taken: cidrsIn(subnets, row.zone) }))
      })
    },
  }
}
