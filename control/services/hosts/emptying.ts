import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Host } from '../../domain/hosts/host.ts'
import { type Fate, fatesOf } from '../../domain/hosts/maintenance.ts'
import type { Migration } from '../../domain/migrations/migration.ts'
import type { Ports } from '../context.ts'
import { claimOf, placeMove, type ZoneView, zoneFor } from '../machines/move.ts'

export interface Emptying {
  readonly host: Host
  /** Of machines that are not on their way yet. */
  readonly fates: readonly Fate[]
  readonly moving: readonly Migration[]
  readonly zone: ZoneView
}

/** What a maintenance of this host does next with each of its machines, as all stands now; at most `limits.maintenancePage` of them. */
export async function emptying(
  { store, random }: Pick<Ports, 'store' | 'random'>,
  id: Id<'host'>,
  since: number,
): Promise<Result<Emptying>> {
  const [found, page] = await Promise.all([
    store.hosts.find([id]),
    store.machines.ofHost(id, { after: null, limit: limits.maintenancePage }),
  ])
  if (!found.ok) return found
  if (!page.ok) return page
  const [host] = found.value
  if (!host) throw new Error('impossible: found, and not there')
  const ids = page.value.items.map(machine => machine.id)
  const [zone, moving, failures, luggage, stopped] = await Promise.all([
    zoneFor(store, host.zone, page.value.items),
    store.migrations.ofMachines(ids),
    store.migrations.failures(ids, since),
    store.migrations.luggage(ids),
    store.hosts.stopped(id),
  ])
  if (!zone.ok) return zone
  if (!luggage.ok) return luggage
  if (!stopped.ok) return stopped
  if (!moving.ok) return moving
  if (!failures.ok) return failures
  const onTheirWay = new Set(moving.value.map(({ machine }) => machine))
  const machines = page.value.items.filter(machine => !onTheirWay.has(machine.id))
  const fates = fatesOf(host, machines, {
    luggage: luggage.value,
    failures: failures.value,
    stopped: new Set(stopped.value),
    claim: claimOf,
    target: (machine, taken) => placeMove(machine, host, zone.value, taken, { random, refused: new Set([host.id]) }),
  })
  return ok({ host, fates, moving: moving.value, zone: zone.value })
}
