import type { Id } from '@sirocco/shared/kit/id.ts'
import type { WantedGroup } from '@sirocco/shared/wire/objects.ts'
import { eq, sql } from 'drizzle-orm'
import { wantedGroup } from '../../../domain/projection/host.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'

/** Three reads, whatever the number of hosts, ports and groups: in which groups their ports are, those groups' rules, and the members of groups that these name. */
export function securityQueries(db: Database['db'], hosts: readonly Id<'host'>[]) {
  const asked = sql`(SELECT value FROM json_each(${JSON.stringify(hosts)}))`
  const ports = sql`(SELECT p.id FROM allocation a JOIN port p ON p.machine = a.consumer WHERE a.host IN ${asked} AND a.until IS NULL
    UNION SELECT p.id FROM migration m JOIN port p ON p.machine = m.machine WHERE m.target IN ${asked} AND m."endedAt" IS NULL)`
  const groups = sql`(SELECT g."securityGroup" FROM port_group g WHERE g.port IN ${ports})`
  return [
    db.select().from(s.portGroup).where(sql`${s.portGroup.port} IN ${ports}`),
    db.select().from(s.securityRule).where(sql`${s.securityRule.securityGroup} IN ${groups}`),
    db
      .select({ group: s.portGroup.securityGroup, address: s.port.address })
      .from(s.portGroup)
      .innerJoin(s.port, eq(s.port.id, s.portGroup.port))
      .where(
        sql`${s.portGroup.securityGroup} IN (SELECT r.peer FROM security_rule r WHERE r."securityGroup" IN ${groups} AND r.peer IS NOT NULL)`,
      ),
  ] as const
}

/** The security groups of several hosts. */
export interface Security {
  groupsOf(port: Id<'port'>): readonly Id<'securityGroup'>[]
  /** What a host with these ports must know: the rules of their groups, and the members of groups that those name. */
  placed(ports: readonly Id<'port'>[]): readonly WantedGroup[]
}

export function securityOf(
  membership: readonly (typeof s.portGroup.$inferSelect)[],
  rules: readonly (typeof s.securityRule.$inferSelect)[],
  members: readonly { readonly group: Id<'securityGroup'>; readonly address: string }[],
): Security {
  const groupsOf = Map.groupBy(membership, row => row.port)
  const rulesOf = Map.groupBy(rules, row => row.securityGroup)
  const membersOf = Map.groupBy(members, row => row.group)
  const of = (port: Id<'port'>) => (groupsOf.get(port) ?? []).map(row => row.securityGroup)
  /** One object for all hosts that are to know as much of it. */
  const made = new Map<string, WantedGroup>()
  const wanted = (id: Id<'securityGroup'>, withRules: boolean, withMembers: boolean) => {
    const key = `${id} ${withRules} ${withMembers}`
    const group =
      made.get(key) ??
      wantedGroup({
        id,
        rules: withRules ? (rulesOf.get(id) ?? []) : [],
        members: withMembers ? (membersOf.get(id) ?? []).map(({ address }) => address) : [],
      })
    made.set(key, group)
    return group
  }
  return {
    groupsOf: of,
    placed(ports) {
      const own = new Set(ports.flatMap(of))
      const named = new Set([...own].flatMap(group => (rulesOf.get(group) ?? []).flatMap(({ peer }) => peer ?? [])))
      return [...new Set([...own, ...named])].sort().map(id => wanted(id, own.has(id), named.has(id)))
    },
  }
}
