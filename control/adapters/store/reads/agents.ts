import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, count, eq, gt, inArray, isNull, type SQL } from 'drizzle-orm'
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
        db.select().from(s.agent).where(which).orderBy(asc(s.agent.id)).limit(limit),
        db
          .select({ id: s.host.id, name: s.host.name, agent: s.host.agent })
          .from(s.host)
          .innerJoin(s.agent, eq(s.agent.id, s.host.agent))
          .where(which),
      ])
      const hostsOf = Map.groupBy(hosts, row => row.agent)
      return agents.map(agent => ({ ...agent, hosts: (hostsOf.get(agent.id) ?? []).map(({ id, name }) => ({ id, name })) }))
    })
  }
  async function one(which: SQL, what: string): Promise<Result<Agent>> {
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
    find: agent => one(eq(s.agent.id, agent as Id<'agent'>), `agent ${agent}`),
    async ofHost(host) {
      const found = await agentOf(host)
      if (!found.ok) return found
      return found.value ? ok(found.value) : refuse('not_found', `there is no host ${host}`)
    },
    async enrolment(tokenHash) {
      const rows = await database.read(() =>
        db
          .select({ zone: s.enrolment.zone })
          .from(s.enrolment)
          .where(and(eq(s.enrolment.tokenHash, tokenHash), isNull(s.enrolment.usedBy), gt(s.enrolment.expiresAt, clock.now()))),
      )
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found ? ok(found) : refuse('not_found', 'this enrolment token is unknown, used or expired; ask for a new one')
    },
    async count() {
      const rows = await database.read(() => db.select({ n: count() }).from(s.agent))
      return rows.ok ? ok(first(rows.value)?.n ?? 0) : rows
    },
    async alive(page) {
      const after = page.after === null ? undefined : gt(s.agent.id, page.after as Id<'agent'>)
      const found = await load(and(isNull(s.agent.silentSince), after), page.limit + 1)
      return found.ok ? ok(paged(found.value, page.limit, a => a.id)) : found
    },
  }
}
