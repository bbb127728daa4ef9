import type { Id } from '@sirocco/shared/kit/id.ts'
import type { WantedNeighbours } from '@sirocco/shared/wire/objects.ts'
import { sql } from 'drizzle-orm'
import { hostnameOf, neighboursByHost } from '../../../domain/projection/host.ts'
import type { Database } from '../database.ts'

interface Row {
  readonly id: Id<'port'>
  readonly subnet: Id<'subnet'>
  readonly mac: string
  readonly address: string
  readonly name: string
  readonly alias: string
  readonly host: Id<'host'>
  readonly underlay: string
}

/** One read, whatever the number of hosts: every port of the subnets that those of them have ports of that are joined to others. */
export function neighbourQuery(db: Database['db'], hosts: readonly Id<'host'>[]) {
  const joined = sql`SELECT o.host FROM host_observed o
    WHERE o.host IN (SELECT value FROM json_each(${JSON.stringify(hosts)})) AND o.underlay IS NOT NULL`
  const endedAt = sql.identifier('endedAt')
  return db.all<Row>(sql`
      SELECT p.id, p.subnet, p.mac, p.address, m.name, m.alias, a.host, o.underlay
      FROM port p JOIN machine m ON m.id = p.machine JOIN allocation a ON a.consumer = p.machine AND a.until IS NULL
        JOIN host_observed o ON o.host = a.host AND o.underlay IS NOT NULL
      WHERE p.subnet IN (
        SELECT q.subnet FROM allocation b JOIN port q ON q.machine = b.consumer WHERE b.host IN (${joined}) AND b.until IS NULL
        UNION SELECT q.subnet FROM migration g JOIN port q ON q.machine = g.machine WHERE g.target IN (${joined}) AND g.${endedAt} IS NULL)`)
}

/** Of a host that is joined to others: ports of its subnets on those. null: it is joined to none. */
export function neighboursOf(joined: readonly { readonly host: Id<'host'> }[], rows: readonly Row[]) {
  const isJoined = new Set(joined.map(({ host }) => host))
  const bySubnet = new Map(
    [...Map.groupBy(rows, ({ subnet }) => subnet)].map(([subnet, of]) => [
      subnet,
      neighboursByHost(
        of.map(({ name, alias, underlay, ...port }) => ({ ...port, hostname: hostnameOf(name, alias), via: underlay })),
      ),
    ]),
  )
  return (host: Id<'host'>, subnets: Iterable<Id<'subnet'>>): readonly WantedNeighbours[] | null =>
    isJoined.has(host)
      ? [...subnets].flatMap(subnet => [...(bySubnet.get(subnet) ?? [])].flatMap(([other, its]) => (other === host ? [] : [its])))
      : null
}
