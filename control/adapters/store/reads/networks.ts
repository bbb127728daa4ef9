import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { and, asc, eq, gt, inArray, or, type SQL } from 'drizzle-orm'
import type { Network } from '../../../domain/networks/network.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database } from '../database.ts'
import { hostsBeside, subnetsOf } from '../network-writes.ts'
import * as s from '../schema.ts'
import { first, paged } from './page.ts'

export function networkReads(database: Database): Store['networks'] {
  const { db } = database

  async function load(which: SQL | undefined, limit: number): Promise<Result<Network[]>> {
    return database.read(async () => {
      const chosen = db.select({ id: s.network.id }).from(s.network).where(which).orderBy(asc(s.network.id)).limit(limit)
      const [networks, subnets] = await db.batch([
        db
          .select({ network: s.network, region: s.region.name })
          .from(s.network)
          .innerJoin(s.region, eq(s.region.id, s.network.region))
          .where(which)
          .orderBy(asc(s.network.id))
          .limit(limit),
        db
          .select({ subnet: s.subnet, zone: s.zone.name })
          .from(s.subnet)
          .innerJoin(s.zone, eq(s.zone.id, s.subnet.zone))
          .where(inArray(s.subnet.network, chosen)),
      ])
      const subnetsOf = Map.groupBy(subnets, row => row.subnet.network)
      return networks.map(({ network, region }) => ({
        ...network,
        region,
        subnets: (subnetsOf.get(network.id) ?? []).map(({ subnet, zone }) => ({ ...subnet, zone, zoneId: subnet.zone })),
      }))
    })
  }

  /** A subnet with its network. */
  async function one(which: SQL | undefined): Promise<Result<Network | null>> {
    const rows = await database.read(() =>
      db
        .select({ network: s.network, region: s.region.name, subnet: s.subnet, zone: s.zone.name })
        .from(s.subnet)
        .innerJoin(s.network, eq(s.network.id, s.subnet.network))
        .innerJoin(s.zone, eq(s.zone.id, s.subnet.zone))
        .innerJoin(s.region, eq(s.region.id, s.network.region))
        .where(which)
        .limit(1),
    )
    if (!rows.ok) return rows
    const row = first(rows.value)
    if (!row) return ok(null)
    const { network, region, subnet } = row
    return ok({ ...network, region, subnets: [{ ...subnet, zone: row.zone, zoneId: subnet.zone }] })
  }

  return {
    async list(scope, page) {
      const within = scope === 'platform' ? undefined : eq(s.network.project, scope.project)
      const found = await load(
        and(within, page.after === null ? undefined : gt(s.network.id, page.after as Id<'network'>)),
        page.limit + 1,
      )
      return found.ok ? ok(paged(found.value, page.limit, n => n.id)) : found
    },
    async defaultSubnet(project, zone) {
      const found = await one(and(eq(s.network.project, project), eq(s.network.isDefault, true), eq(s.zone.name, zone)))
      if (!found.ok) return found
      return found.value ? ok(found.value) : refuse('not_found', `the project has no default network in ${zone}`)
    },
    async withSubnet(scope, ref) {
      const within = scope === 'platform' ? undefined : eq(s.network.project, scope.project)
      const found = await one(and(within, or(eq(s.subnet.id, ref as Id<'subnet'>), eq(s.subnet.alias, ref))))
      if (!found.ok) return found
      return found.value ? ok(found.value) : refuse('not_found', `there is no subnet ${ref}`, { field: 'subnet' })
    },
    async beside(of) {
      const rows = await database.read(() => db.all<{ host: Id<'host'> }>(hostsBeside(subnetsOf(of))))
      return rows.ok ? ok(rows.value.map(row => row.host)) : rows
    },
    async taken(subnet, among) {
      const rows = await database.read(() =>
        db
          .select({ address: s.port.address })
          .from(s.port)
          .where(and(eq(s.port.subnet, subnet), among === undefined ? undefined : inArray(s.port.address, [...among]))),
      )
      return rows.ok ? ok(rows.value.map(row => row.address)) : rows
    },
  }
}
