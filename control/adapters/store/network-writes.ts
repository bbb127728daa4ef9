import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { eq, type SQL, sql } from 'drizzle-orm'
import type { Beside, NetworkChange } from '../../ports/networks.ts'
import * as s from './schema.ts'
import { groupRows } from './security-writes.ts'
import { unless, type Write } from './write.ts'

const endedAt = sql.identifier('endedAt')

/** Hosts that have a port, or will have it at the end of a move, in one of the subnets that `subnets` selects, and are joined to others. */
export const hostsBeside = (subnets: SQL): SQL => sql`
  SELECT a.host FROM port p JOIN allocation a ON a.consumer = p.machine AND a.until IS NULL
    JOIN host_observed o ON o.host = a.host AND o.underlay IS NOT NULL
    WHERE p.subnet IN (${subnets}) AND ${anyJoined}
  UNION SELECT m.target FROM port p JOIN migration m ON m.machine = p.machine AND m.${endedAt} IS NULL
    WHERE p.subnet IN (${subnets}) AND ${anyJoined}`

/** Looked at first: where no host is joined to another, nobody is looked for. */
const anyJoined = sql`EXISTS (SELECT 1 FROM host_observed WHERE underlay IS NOT NULL)`

export const subnetsOf = (of: Beside): SQL =>
  'subnet' in of ? sql`SELECT ${of.subnet}` : sql`SELECT subnet FROM port WHERE machine = ${of.machine}`

const touch = (hosts: SQL): SQL => sql`UPDATE host SET revision = revision + 1 WHERE id IN (${hosts})`

/** Before the ports of a machine go: hosts that know them as neighbours know them no more. */
export const touchNeighboursOf = (machine: Id<'machine'>): SQL => touch(hostsBeside(subnetsOf({ machine })))

/** Before a host is written down with an address on the underlay that it had not: whoever shares a subnet with it looks for it there. */
export const touchWhereJoined = (host: Id<'host'>, underlay: string | null): SQL => {
  const subnets = sql`SELECT p.subnet FROM allocation a JOIN port p ON p.machine = a.consumer WHERE a.host = ${host} AND a.until IS NULL`
  return sql`UPDATE host SET revision = revision + 1
    WHERE (SELECT underlay FROM host_observed WHERE host = ${host}) IS NOT ${underlay}
      AND id IN (SELECT ${host} UNION ${hostsBeside(subnets)})`
}

/** Networks: how each change is written. */
export const networkWrites: { readonly [D in NetworkChange['do']]: Write<D> } = {
  'network.insert': ({ network, defaultGroup }, { database: { db }, now }) => [
    db.insert(s.network).values({ ...network, isDefault: false, generation: 1, createdAt: now }),
    ...groupRows(defaultGroup, { db, now }),
  ],
  'network.delete': ({ network }, { database: { db } }) => [
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE EXISTS (SELECT 1 FROM subnet WHERE network = ${network})`,
    sql`DELETE FROM tag WHERE resource IN (SELECT id FROM security_group WHERE network = ${network})`,
    sql`DELETE FROM security_rule WHERE ${sql.identifier('securityGroup')} IN (SELECT id FROM security_group WHERE network = ${network})`,
    db.delete(s.securityGroup).where(eq(s.securityGroup.network, network)),
    db.delete(s.network).where(eq(s.network.id, network)),
    unless('stale'),
  ],
  'subnet.insert': ({ subnet, beside, limit }, { database: { db } }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM network WHERE id = ${subnet.network})
      OR (SELECT json_group_array(id) FROM (SELECT id FROM subnet WHERE network = ${subnet.network} ORDER BY id)) <> ${JSON.stringify([...beside].sort())}`,
    db.insert(s.subnet).values({ ...subnet, mtu: 1450, pooled: false }),
    sql`INSERT INTO guard (quota) SELECT 1 WHERE (SELECT count(*) FROM subnet WHERE network = ${subnet.network}) > ${limit}`,
  ],
  'subnet.delete': ({ subnet }, { database: { db }, now }) => [
    sql`INSERT INTO guard (conflict) SELECT 1 WHERE EXISTS (SELECT 1 FROM port WHERE subnet = ${subnet})`,
    sql`DELETE FROM resting_vni WHERE until <= ${now}`,
    sql`INSERT OR REPLACE INTO resting_vni (zone, vni, until)
      SELECT zone, vni, ${now + limits.vniRest} FROM subnet WHERE id = ${subnet} AND vni IS NOT NULL`,
    db.delete(s.subnet).where(eq(s.subnet.id, subnet)),
    unless('stale'),
  ],
  'subnet.holds': ({ subnet }) => [
    sql`INSERT INTO guard (stale) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM subnet WHERE id = ${subnet})`,
  ],
  'subnet.number': ({ subnet, vni }, { now }) => [
    sql`UPDATE subnet SET vni = ${vni} WHERE id = ${subnet} AND vni IS NULL
      AND NOT EXISTS (SELECT 1 FROM subnet o WHERE o.zone = subnet.zone AND o.vni = ${vni})
      AND NOT EXISTS (SELECT 1 FROM resting_vni r WHERE r.zone = subnet.zone AND r.vni = ${vni} AND r.until > ${now})`,
    sql`INSERT INTO guard (conflict) SELECT 1 FROM subnet WHERE id = ${subnet} AND vni IS NULL`,
  ],
  'port.moved': ({ of }) => [touch(hostsBeside(subnetsOf(of)))],
}
