import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Agent, Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'
import { together } from './together.ts'

export function agentReads(database: Database): Store['agents'] {
  const { db, clock } = database

  async function load(which: SQL | undefined, limit: number): Promise<Result<Agent[]>> {
    return database.read(async () => {
      const [agents, hosts] = await db.batch([
        db
          .select({ agent: s.agent, upgrade: s.agentUpgrade })
          .from(s.agent)
          .leftJoin(s.agentUpgrade, and(eq(s.agentUpgrade.agent, s.agent.id), isNull(s.agentUpgrade.endedAt)))
          .where(which)
          .orderBy(asc(s.agent.id))
          .limit(limit),
        db
          .select({ id: s.host.id, name: s.host.name, agent: s.host.agent, fence: s.fence.id })
          .from(s.host)
          .innerJoin(s.agent, eq(s.agent.id, s.host.agent))
          .leftJoin(s.fence, and(eq(s.fence.host, s.host.id), isNotNull(s.fence.at), isNull(s.fence.liftedAt)))
          .where(and(which, isNull(s.host.removedAt))),
      ])
      const hostsOf = Map.groupBy(hosts, row => row.agent)
      return agents.map(({ agent, upgrade }) => {
        const theirs = hostsOf.get(agent.id) ?? []
        return {
          ...agent,
          upgrade,
          hosts: theirs.map(({ id, name }) => ({ id, name })),
          fenced: theirs.filter(({ fence }) => fence !== null).map(({ id }) => id),
        }
      })
    })
  }
  async function one(which: SQL | undefined, what: string): Promise<Result<Agent>> {
    const found = await load(which, 1)
    if (!found.ok) return found
    const agent = first(found.value)
    return agent ? ok(agent) : refuse('not_found', `there is no ${what}`)
  }

  const agentOf = together(async (hosts: readonly Id<'host'>[]) => {
    const theirs = db
      .select({ agent: s.host.agent })
      .from(s.host)
      .where(inArray(s.host.id, [...hosts]))
    const agents = await load(inArray(s.agent.id, theirs), hosts.length)
    if (!agents.ok) return agents
    const found = new Map(agents.value.flatMap(agent => agent.hosts.map(({ id }) => [id, agent] as const)))
    return ok((host: Id<'host'>) => found.get(host) ?? null)
  })

  return {
    find: agent => one(and(eq(s.agent.id, agent as Id<'agent'>), isNull(s.agent.removedAt)), `agent ${agent}`),
    async ofHost(host) {
      const found = await agentOf(host)
      if (!found.ok) return found
      return found.value ? ok(found.value) : refuse('not_found', `there is no host ${host}`)
    },
    async enrolment(tokenHash) {
      const rows = await database.read(() =>
        db
          .select({ zone: s.enrolment.zone, roles: s.enrolment.roles })
          .from(s.enrolment)
          .where(
            and(
              eq(s.enrolment.tokenHash, tokenHash),
              isNull(s.enrolment.usedBy),
              isNull(s.enrolment.revokedAt),
              gt(s.enrolment.expiresAt, clock.now()),
            ),
          ),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', 'this enrolment token is unknown, used or expired; ask for a new one')
    },
    async enrolments(page) {
      const rows = await database.read(() =>
        db
          .select({ enrolment: s.enrolment, zone: s.zone.name, email: s.user.email })
          .from(s.enrolment)
          .innerJoin(s.zone, eq(s.zone.id, s.enrolment.zone))
          .leftJoin(s.user, eq(s.user.id, s.enrolment.createdBy))
          .where(
            and(isNotNull(s.enrolment.id), page.after === null ? undefined : lt(s.enrolment.id, page.after as Id<'enrolment'>)),
          )
          .orderBy(desc(s.enrolment.id))
          .limit(page.limit + 1),
      )
      if (!rows.ok) return rows
      const all = rows.value.flatMap(({ enrolment: { id, roles, createdAt, expiresAt, usedBy, revokedAt }, zone, email }) =>
        id === null ? [] : [{ id, zone, roles, by: email, createdAt, expiresAt, usedBy, revokedAt }],
      )
      return ok(paged(all, page.limit, e => e.id))
    },
    async count() {
      const rows = await database.read(() => db.select({ n: count() }).from(s.agent))
      return rows.ok ? ok(first(rows.value)?.n ?? 0) : rows
    },
    async converters() {
      const chosen = sql`${s.agent.roles} LIKE '%convert%'`
      return database.read(() =>
        db
          .select({
            host: s.host.id,
            imports: sql<number>`(SELECT count(*) FROM image_import WHERE image_import.host = ${s.host.id})`,
          })
          .from(s.agent)
          .innerJoin(s.host, eq(s.host.agent, s.agent.id))
          .where(and(chosen, isNull(s.agent.silentSince)))
          .orderBy(asc(s.agent.id))
          .limit(limits.page),
      )
    },
    async alive(page) {
      const after = page.after === null ? undefined : gt(s.agent.id, page.after as Id<'agent'>)
      const found = await load(and(isNull(s.agent.silentSince), after), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, a => a.id)) : found
    },
  }
}
