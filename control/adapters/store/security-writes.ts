import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { drizzle } from 'drizzle-orm/libsql/web'
import { likeness, type NewSecurityRule } from '../../domain/security/group.ts'
import type { DefaultGroup, SecurityChange } from '../../ports/security.ts'
import * as s from './schema.ts'
import { unless, type Write } from './write.ts'

type Db = ReturnType<typeof drizzle>

const ruleRow = (securityGroup: Id<'securityGroup'>, rule: NewSecurityRule): typeof s.securityRule.$inferInsert => ({
  ...rule,
  securityGroup,
  likeness: likeness(rule),
})

/** The rows of a group and its rules. */
export const groupRows = (
  { group, rules }: DefaultGroup,
  { db, now }: { readonly db: Pick<Db, 'insert'>; readonly now: number },
) => [
  db.insert(s.securityGroup).values({ ...group, createdAt: now }),
  ...(rules.length === 0 ? [] : [db.insert(s.securityRule).values(rules.map(rule => ruleRow(group.id, rule)))]),
]

const oneOf = (ids: readonly string[]): SQL => sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`

/** Hosts that have a port, or will have it at the end of a move, in one of the groups that `groups` selects. */
const hostsWith = (groups: SQL): SQL => sql`
  SELECT a.host FROM port_group g JOIN port p ON p.id = g.port JOIN allocation a ON a.consumer = p.machine AND a.until IS NULL
    WHERE g.${sql.identifier('securityGroup')} IN (${groups})
  UNION SELECT m.target FROM port_group g JOIN port p ON p.id = g.port JOIN migration m ON m.machine = p.machine AND m.${sql.identifier('endedAt')} IS NULL
    WHERE g.${sql.identifier('securityGroup')} IN (${groups})`

const namers = (groups: SQL): SQL => sql`SELECT ${sql.identifier('securityGroup')} FROM security_rule WHERE peer IN (${groups})`

/** Hosts that know of the rules, or of the members, of these groups. */
export const hostsOf = (what: 'rules' | 'members', groups: readonly Id<'securityGroup'>[]): SQL => {
  const ids = sql`SELECT value FROM json_each(${JSON.stringify(groups)})`
  return hostsWith(what === 'rules' ? ids : namers(ids))
}

/** Before the ports of a machine go: what the hosts that know them as members are to carry changes. */
export const touchPeersOf = (machine: Id<'machine'>): SQL => {
  const groups = sql`SELECT g.${sql.identifier('securityGroup')} FROM port p JOIN port_group g ON g.port = p.id WHERE p.machine = ${machine}`
  return sql`UPDATE host SET revision = revision + 1 WHERE id IN (${hostsWith(namers(groups))})`
}

/** Security groups: how each change is written. */
export const securityWrites: { readonly [D in Exclude<SecurityChange['do'], 'port-group.insert'>]: Write<D> } = {
  'security-group.insert': ({ limit, ...rows }, { database: { db }, now }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM network WHERE id = ${rows.group.network})`,
    ...groupRows(rows, { db, now }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM security_group WHERE network = ${rows.group.network}) > ${limit}`,
  ],
  'security-group.change': ({ group, name, description }, { database: { db } }) => [
    db.update(s.securityGroup).set({ name, description }).where(eq(s.securityGroup.id, group)),
    unless('stale'),
  ],
  'security-group.delete': ({ group }, { database: { db } }) => [
    sql`DELETE FROM security_group WHERE id = ${group} AND ${sql.identifier('isDefault')} = 0
      AND NOT EXISTS (SELECT 1 FROM port_group WHERE ${sql.identifier('securityGroup')} = ${group})
      AND NOT EXISTS (SELECT 1 FROM security_rule WHERE peer = ${group} AND ${sql.identifier('securityGroup')} <> ${group})`,
    unless('conflict'),
    db.delete(s.securityRule).where(eq(s.securityRule.securityGroup, group)),
    db.delete(s.tag).where(eq(s.tag.resource, group)),
  ],
  'security-group.holds': ({ groups }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE (SELECT count(*) FROM security_group WHERE id IN ${oneOf(groups)}) < ${groups.length}`,
  ],
  'security-rule.insert': ({ group, rules, limit }, { database: { db } }) => [
    db.insert(s.securityRule).values(rules.map(rule => ruleRow(group, rule))),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (
      SELECT count(*) FROM security_rule WHERE ${sql.identifier('securityGroup')} = ${group}) > ${limit}`,
  ],
  'security-rule.delete': ({ group, rules }, { database: { db } }) => [
    db.delete(s.securityRule).where(and(eq(s.securityRule.securityGroup, group), inArray(s.securityRule.id, [...rules]))),
  ],
  'port-group.set': ({ port, groups }, { database: { db } }) => [
    db.delete(s.portGroup).where(eq(s.portGroup.port, port)),
    db.insert(s.portGroup).values(groups.map(securityGroup => ({ port, securityGroup }))),
  ],
  'security-group.touch': ({ what, groups }) => [
    sql`UPDATE host SET revision = revision + 1 WHERE id IN (${hostsOf(what, groups)})`,
  ],
}
