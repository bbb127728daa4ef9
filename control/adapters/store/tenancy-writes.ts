import { and, eq, gt, sql } from 'drizzle-orm'
import type { TenancyChange } from '../../ports/tenancy.ts'
import * as s from './schema.ts'
import { groupRows } from './security-writes.ts'
import { unless, type Write } from './write.ts'

/** Projects and people: how each change is written. */
export const tenancyWrites: { readonly [D in TenancyChange['do']]: Write<D> } = {
  'project.insert': ({ project, networks }, { database: { db }, now }) => [
    db.insert(s.project).values({ ...project, createdAt: now }),
    ...networks.flatMap(({ subnets, defaultGroup, ...network }) => [
      db.insert(s.network).values({
        ...network,
        project: project.id,
        name: 'default',
        isDefault: true,
        generation: 1,
        createdAt: now,
      }),
      ...groupRows(defaultGroup, { db, now }),
      ...subnets.map(subnet => db.insert(s.subnet).values({ ...subnet, network: network.id, mtu: 1450 })),
    ]),
  ],
  'membership.insert': ({ do: _, ...row }, { database: { db } }) => [db.insert(s.membership).values(row).onConflictDoNothing()],
  'membership.change': ({ project, user, from, role, givenBy = null }, { database: { db } }) => [
    db
      .update(s.membership)
      .set({ role, givenBy })
      .where(
        and(
          eq(s.membership.project, project),
          eq(s.membership.user, user),
          eq(s.membership.role, from),
          givenBy === null ? undefined : eq(s.membership.givenBy, givenBy),
        ),
      ),
    unless('stale'),
  ],
  'membership.remove': ({ project, user, from, givenBy }, { database: { db } }) => [
    db
      .delete(s.membership)
      .where(
        and(
          eq(s.membership.project, project),
          eq(s.membership.user, user),
          eq(s.membership.role, from),
          givenBy === undefined ? undefined : eq(s.membership.givenBy, givenBy),
        ),
      ),
    unless('stale'),
    db.delete(s.session).where(and(eq(s.session.user, user), eq(s.session.project, project))),
    db.delete(s.accessKey).where(and(eq(s.accessKey.project, project), eq(s.accessKey.user, user))),
  ],
  'project.owned': ({ project }) => [
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE NOT EXISTS (
      SELECT 1 FROM membership m JOIN user u ON u.id = m.user
      WHERE m.project = ${project} AND m.role IN ('owner', 'admin') AND u.${sql.identifier('disabledAt')} IS NULL)`,
  ],
  'platform.administered': () => [
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE NOT EXISTS (
      SELECT 1 FROM membership m JOIN user u ON u.id = m.user WHERE m.role = 'admin' AND u.${sql.identifier('disabledAt')} IS NULL)`,
  ],
  'invitation.insert': ({ invitation, by, project, tokenHash, limit }, { database: { db }, now }) => [
    db.insert(s.invitation).values({ ...invitation, project, tokenHash, invitedBy: by, createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM invitation WHERE project = ${project}) > ${limit}`,
  ],
  'invitation.use': ({ tokenHash }, { database: { db }, now }) => [
    db.delete(s.invitation).where(and(eq(s.invitation.tokenHash, tokenHash), gt(s.invitation.expiresAt, now))),
    unless('conflict'),
  ],
  'invitation.delete': ({ id, project }, { database: { db } }) => [
    db.delete(s.invitation).where(and(eq(s.invitation.id, id), eq(s.invitation.project, project))),
  ],
  'user.insert': ({ do: _, ...row }, { database: { db }, now }) => [db.insert(s.user).values({ ...row, createdAt: now })],
  'user.disable': ({ user, disabled }, { database: { db }, now }) => [
    db
      .update(s.user)
      .set({ disabledAt: disabled ? now : null })
      .where(eq(s.user.id, user)),
    ...(disabled ? [db.delete(s.session).where(eq(s.session.user, user))] : []),
  ],
  'access-key.insert': ({ key, project, secret, limit }, { database: { db }, now }) => [
    db.insert(s.accessKey).values({ ...key, project, secret, createdAt: now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (
      SELECT count(*) FROM access_key WHERE project = ${project} AND user = ${key.user}) > ${limit}`,
  ],
  'access-key.delete': ({ id, project }, { database: { db } }) => [
    db.delete(s.accessKey).where(and(eq(s.accessKey.id, id), eq(s.accessKey.project, project))),
  ],
  'access-key.used': ({ id }, { database: { db }, now }) => [
    db.update(s.accessKey).set({ lastUsedAt: now }).where(eq(s.accessKey.id, id)),
  ],
  // What it spends is seen at the end of the batch: quota.ts.
  'quota.spend': () => [],
  'quota.set': ({ project, resource, limit }, { database: { db } }) =>
    limit === null
      ? [db.delete(s.quota).where(and(eq(s.quota.project, project), eq(s.quota.resource, resource)))]
      : [
          db
            .insert(s.quota)
            .values({ project, resource, most: limit })
            .onConflictDoUpdate({ target: [s.quota.project, s.quota.resource], set: { most: limit } }),
        ],
  'session.switch': ({ id, project }) => [
    sql`UPDATE session SET project = ${project} WHERE id = ${id} AND kind = 'session'
      AND EXISTS (SELECT 1 FROM membership m WHERE m.user = session.user AND m.project = ${project})`,
    unless('conflict'),
  ],
}
