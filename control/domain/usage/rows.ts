import { hour } from '@sirocco/shared/kit/clock.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { UsageKind } from '@sirocco/shared/model/usage.ts'
import type { UsageRecord } from '@sirocco/shared/wire/usage.ts'

/** What is kept of usage: an amount to be added to what there is of the same project, hour, kind, flavor or pool, and resource. */
export interface UsageRow {
  readonly project: Id<'project'> | ''
  readonly hour: number
  readonly kind: UsageKind
  readonly what: string
  readonly resource: string
  readonly amount: number
}

/** Whose something is; of a machine also its flavor, and the shape of that. */
export interface Owner {
  readonly project: Id<'project'>
  readonly flavor?: { readonly name: string; readonly vcpus: number; readonly memoryMiB: number }
}

/** What a flavor is called. */
export interface Shape {
  readonly name: string
  readonly vcpus: number
  readonly memoryMiB: number
}

export const hourOf = (at: number): number => Math.floor(at / hour) * hour

/** The rows that a host's record adds to. An hour that its clock cannot mean is taken for this one: amounts are never let go. */
export function rowsOf(
  record: UsageRecord,
  owners: ReadonlyMap<string, Owner>,
  flavors: readonly Shape[],
  now: number,
): readonly UsageRow[] {
  const start = hourOf(record.hour)
  const meant = start <= now + limits.clockSkew && start > now - limits.usageRetention
  const at = { hour: meant ? start : hourOf(now) }
  const projectOf = (id: string): UsageRow['project'] => owners.get(id)?.project ?? ''
  return [
    ...record.machines.flatMap(({ id, seconds, vcpus, memoryMiB, received, sent }): UsageRow[] => {
      const of = { ...at, project: projectOf(id), resource: id }
      const what = flavorOf({ vcpus, memoryMiB }, owners.get(id)?.flavor, flavors)
      return [
        { ...of, kind: 'machine', what, amount: seconds },
        { ...of, kind: 'received', what: '', amount: received },
        { ...of, kind: 'sent', what: '', amount: sent },
      ]
    }),
    ...record.volumes.map(
      ({ id, pool, mibSeconds }): UsageRow => ({
        ...at,
        project: projectOf(id),
        resource: id,
        kind: 'volume',
        what: pool,
        amount: mibSeconds,
      }),
    ),
  ].filter(({ amount }) => amount > 0)
}

/** Its own, where it has that shape; it may have been another when it ran. */
function flavorOf({ vcpus, memoryMiB }: Omit<Shape, 'name'>, own: Shape | undefined, flavors: readonly Shape[]): string {
  const alike = (shape: Shape) => shape.vcpus === vcpus && shape.memoryMiB === memoryMiB
  if (own && alike(own)) return own.name
  return flavors.find(alike)?.name ?? `${vcpus} vCPU, ${memoryMiB} MiB`
}
