import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { eq } from 'drizzle-orm'
import type { Secrets } from '../../ports/secrets.ts'
import type { Store } from '../../ports/store.ts'
import { type DatabaseParts, open } from './database.ts'
import { expire } from './expire.ts'
import { accessReads } from './reads/access.ts'
import { agentReads } from './reads/agents.ts'
import { auditReads } from './reads/audit.ts'
import { backupReads } from './reads/backups.ts'
import { catalogueReads } from './reads/catalogue.ts'
import { eventReads } from './reads/events.ts'
import { figureReads } from './reads/figures.ts'
import { hostReads } from './reads/hosts.ts'
import { machineReads } from './reads/machines.ts'
import { migrationReads } from './reads/migrations.ts'
import { networkReads } from './reads/networks.ts'
import { operationReads } from './reads/operations.ts'
import { orphanReads } from './reads/orphans.ts'
import { first } from './reads/page.ts'
import { placementReads } from './reads/placement.ts'
import { placementGroupReads } from './reads/placement-groups.ts'
import { priceReads } from './reads/prices.ts'
import { sampleReads } from './reads/samples.ts'
import { securityGroupReads } from './reads/security-groups.ts'
import { signInReads } from './reads/sign-in.ts'
import { tagReads } from './reads/tags.ts'
import { tenancyReads } from './reads/tenancy.ts'
import { usageReads } from './reads/usage.ts'
import { volumeReads } from './reads/volumes.ts'
import { webhookReads } from './reads/webhooks.ts'
import * as s from './schema.ts'
import { statementsOf } from './statements.ts'

/** The store over libSQL: Turso at the edge, a file behind our Hrana server on one machine, memory in tests. */
export function libsqlStore({ secrets, ...parts }: DatabaseParts & { readonly secrets: Secrets }): Store {
  const database = open(parts)
  const { db } = database
  return {
    async commit(changes) {
      const written = await database.write(statementsOf(database, changes))
      return written.ok ? ok(undefined) : written
    },
    machines: machineReads(database),
    orphans: orphanReads(database),
    hosts: { ...hostReads(database, secrets), ...placementReads(database) },
    placementGroups: placementGroupReads(database),
    ...volumeReads(database),
    backups: backupReads(database),
    agents: agentReads(database),
    migrations: migrationReads(database),
    networks: networkReads(database),
    securityGroups: securityGroupReads(database),
    tags: tagReads(database),
    events: eventReads(database),
    ...catalogueReads(database),
    ...operationReads(database),
    samples: sampleReads(database),
    ...accessReads(database),
    tenancy: tenancyReads(database),
    audit: auditReads(database),
    ...figureReads(database),
    signIn: signInReads(database),
    usage: usageReads(database),
    prices: priceReads(database),
    webhooks: webhookReads(database),
    async incarnation() {
      const rows = await database.read(() => db.select({ value: s.meta.value }).from(s.meta).where(eq(s.meta.key, 'incarnation')))
      if (!rows.ok) return rows
      const found = first(rows.value)
      return found
        ? ok(found.value)
        : refuse('internal', 'the database was never set up', { detail: 'meta.incarnation is missing' })
    },
    expire: () => expire(database),
  }
}
