import { type Fault, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Ports } from '../services/context.ts'
import { alarms } from './alarms.ts'
import { backups } from './backups.ts'
import { expire } from './expire.ts'
import { images } from './images.ts'
import { links } from './links.ts'
import type { Reconciler } from './reconciler.ts'
import { sealAudit } from './seal-audit.ts'
import { spending } from './spending.ts'
import { usage } from './usage.ts'
import { webhooks } from './webhooks.ts'

export const reconcilers: readonly Reconciler[] = [alarms, links, usage, spending, expire, images, backups, sealAudit, webhooks]

/** Runs all of them once, as cron does; one that fails stops no other. */
export async function reconcile(ports: Ports): Promise<readonly { name: string; found: number; fault: Fault | null }[]> {
  const ran: { name: string; found: number; fault: Fault | null }[] = []
  for (const { name, run } of reconcilers) {
    const found = await run(ports).catch((error: unknown) =>
      refuse('internal', 'it failed', { detail: error instanceof Error ? error.message : String(error) }),
    )
    ran.push(found.ok ? { name, found: found.value, fault: null } : { name, found: 0, fault: found.fault })
  }
  return ran
}
