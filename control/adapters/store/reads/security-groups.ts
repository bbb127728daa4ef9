import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, inArray, or, type SQL, sql } from 'drizzle-orm'
import { alias as tableAlias } from 'drizzle-orm/sqlite-core'
import type { Scope } from '../../../domain/access/principal.ts'
import type { SecurityGroup } from '../../../domain/security/group.ts'
import type { SecurityReads } from '../../../ports/security.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { hostsOf } from '../security-writes.ts'
import { among } from './among.ts'
import { paged } from './page.ts'

/** Groups with their rules: one batch of three statements. */
export function securityGroupReads(database: Database): SecurityReads {
  const { db } = database
  const group = s.securityGroup
  const peer = tableAlias(s.securityGroup, 'peer')
  const within = (scope: Scope) => (scope === 'platform' ? undefined : eq(group.project, scope.project))
  const ports = sql<number>`(SELECT count(*) FROM port_group m WHERE m."securityGroup" = security_group.id)`
  const namedBy = sql<number>`(SELECT count(*) FROM security_rule n WHERE n.peer = security_group.id AND n."securityGroup" <> security_group.id)`

  const load = (which: SQL | undefined, limit: number): Promise<Result<SecurityGroup[]>> =>
    database.read(async () => {
      const chosen = db.select({ id: group.id }).from(group).where(which).orderBy(asc(group.id)).limit(limit)
      const [groups, rules, tags] = await db.batch([
        db
          .select({ group, networkAlias: s.network.alias, region: s.region.name, ports, namedBy })
          .from(group)
          .innerJoin(s.network, eq(s.network.id, group.network))
          .innerJoin(s.region, eq(s.region.id, s.network.region))
          .where(which)
          .orderBy(asc(group.id))
          .limit(limit),
        db
          .select({ rule: s.securityRule, peerAlias: peer.alias })
          .from(s.securityRule)
          .leftJoin(peer, eq(peer.id, s.securityRule.peer))
          .where(inArray(s.securityRule.securityGroup, chosen)),
        db.select().from(s.tag).where(inArray(s.tag.resource, chosen)),
      ])
      const rulesOf = Map.groupBy(rules, row => row.rule.securityGroup)
      const tagsOf = Map.groupBy(tags, row => row.resource)
      return groups.map(({ group, ...row }) => ({
        tags: Object.fromEntries((tagsOf.get(group.id) ?? []).map(({ key, value }) => [key, value])),
        ...group,
        ...row,
        rules: (rulesOf.get(group.id) ?? [])
          .sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1))
          .map(({ rule: { securityGroup: _, likeness: __, ...rule }, peerAlias }) => ({ ...rule, peerAlias })),
      }))
    })

  return {
    async find(scope, refs) {
      const found = await load(and(within(scope), or(among(group.id, refs), among(group.alias, refs))), Math.max(1, refs.length))
      if (!found.ok) return found
      const byRef = new Map(found.value.flatMap(one => [[one.id as string, one] as const, [one.alias, one] as const]))
      const missing = refs.find(ref => !byRef.has(ref))
      return missing === undefined
        ? ok(refs.flatMap(ref => byRef.get(ref) ?? []))
        : refuse('not_found', `there is no security group ${missing}`, { field: missing })
    },
    async list(scope, page) {
      const after = page.after === null ? undefined : gt(group.id, page.after as Id<'securityGroup'>)
      const found = await load(and(within(scope), after), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, one => one.id)) : found
    },
    async ofNetwork(network, refs) {
      const { id, alias, name, isDefault } = group
      const named = refs.length === 0 ? eq(isDefault, true) : or(among(id, refs), among(alias, refs), among(name, refs))
      const found = await database.read(() =>
        db
          .select({ id, alias, name, isDefault })
          .from(group)
          .where(and(eq(group.network, network), named)),
      )
      if (!found.ok) return found
      if (refs.length === 0) return ok(found.value)
      const byRef = (ref: string) => found.value.find(one => one.id === ref || one.alias === ref || one.name === ref)
      const missing = refs.find(ref => !byRef(ref))
      if (missing !== undefined)
        return refuse('not_found', `there is no security group ${missing} in this network`, { field: 'securityGroups' })
      return ok([...new Set(refs.flatMap(ref => byRef(ref) ?? []))])
    },
    async hosts(what, groups) {
      const rows = await database.read(() => db.all<{ host: Id<'host'> }>(hostsOf(what, groups)))
      return rows.ok ? ok(rows.value.map(row => row.host)) : rows
    },
  }
}
