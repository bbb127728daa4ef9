import type { Id } from '@sirocco/shared/kit/id.ts'
import { type QuotaResource, quotaResources } from '@sirocco/shared/model/quota.ts'
import { type SQL, sql } from 'drizzle-orm'
import type { Change } from '../../ports/changes.ts'

const memory = sql.identifier('memoryMiB')
const size = sql.identifier('sizeMiB')

/**
 * What a project uses is counted from the rows themselves, each time, by an index that has nothing else: there is no counter that could
 * drift, and what is wanted gone is free in the batch that says so.
 */
export const usedBy: Readonly<Record<QuotaResource, (project: SQL) => SQL>> = {
  machines: project => sql`(SELECT count(*) FROM machine WHERE project = ${project} AND power <> 'gone')`,
  vcpus: project => sql`(SELECT coalesce(sum(vcpus), 0) FROM machine WHERE project = ${project} AND power <> 'gone')`,
  memory: project => sql`(SELECT coalesce(sum(${memory}), 0) FROM machine WHERE project = ${project} AND power <> 'gone')`,
  volumes: project => sql`(SELECT count(*) FROM volume WHERE project = ${project} AND deleted = 0)`,
  disk: project => sql`(SELECT coalesce(sum(${size}), 0) FROM volume WHERE project = ${project} AND deleted = 0)`,
  snapshots: project => sql`(SELECT count(*) FROM snapshot WHERE project = ${project} AND deleted = 0 AND passing = 0)`,
  networks: project => sql`(SELECT count(*) FROM network WHERE project = ${project})`,
  // Of the month that was looked at last, some minutes ago.
  money: project => sql`(SELECT coalesce(sum(spent), 0) FROM spending WHERE project = ${project})`,
}

const cases = quotaResources.map(resource => sql`WHEN ${sql.raw(`'${resource}'`)} THEN ${usedBy[resource](sql.raw('q.project'))}`)

/** What a batch adds to, by project. */
function spentBy(changes: readonly Change[]): Map<Id<'project'>, Set<QuotaResource>> {
  const spent = new Map<Id<'project'>, Set<QuotaResource>>()
  const note = (project: Id<'project'>, resources: readonly QuotaResource[]) => {
    const known = spent.get(project) ?? new Set()
    for (const resource of resources) known.add(resource)
    spent.set(project, known)
  }
  for (const change of changes) {
    if (change.do === 'machine.insert' || change.do === 'machine.adopt')
      note(change.machine.project, ['machines', 'vcpus', 'memory'])
    if (change.do === 'machine.insert') note(change.machine.project, ['money'])
    if (change.do === 'volume.insert' || change.do === 'volume.adopt') note(change.volume.project, ['volumes', 'disk'])
    if (change.do === 'snapshot.insert' && !change.snapshot.passing) note(change.snapshot.project, ['snapshots'])
    if (change.do === 'network.insert') note(change.network.project, ['networks'])
    if (change.do === 'quota.spend') note(change.project, change.resources)
  }
  return spent
}

/**
 * The end of a batch that adds to what projects use: rolls it back where one uses more than its limit then, and the name of the CHECK says of
 * what. Where a project has no limits, nothing is counted.
 */
export const quotaGuards = (changes: readonly Change[]): SQL[] =>
  [...spentBy(changes)].map(
    ([project, resources]) => sql`INSERT INTO quota_guard (resource) SELECT q.resource FROM quota q
      WHERE q.project = ${project} AND q.resource IN (${sql.join(
        [...resources].map(resource => sql`${resource}`),
        sql`, `,
      )}) AND q.most < CASE q.resource ${sql.join(cases, sql` `)} END LIMIT 1`,
  )
