import { join } from 'node:path'
import { audit } from '@sirocco/cli/audit/audit.ts'
import type { Difference } from '@sirocco/cli/audit/item.ts'
import { endpointAt, placeIn } from '@sirocco/cli/place.ts'
import { pick, type Random } from '@sirocco/shared/kit/random.ts'
import type { Instance } from '../support/instance.ts'
import type { Op } from './fleet.ts'

/** What is killed by `kill -9`: `all` is everything that `npm start` started, at one moment. */
export type Part = 'agent' | 'workerd' | 'libvirtd' | 'all'

/** After so many failures the rest would tell nothing new. */
const enough = 5

/** Runs every row, on lanes beside each other, and says of each that failed why. */
export async function tryAll<T, L>(
  lanes: readonly L[],
  rows: readonly T[],
  nameOf: (row: T) => string,
  run: (row: T, lane: L) => Promise<void>,
): Promise<string[]> {
  const failures: string[] = []
  const queue = rows.values()
  await Promise.all(
    lanes.map(async lane => {
      for (const row of queue) {
        if (failures.length >= enough) return
        try {
          await run(row, lane)
        } catch (error) {
          failures.push(`${nameOf(row)}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
    }),
  )
  return failures
}

/** Names that no other test of the instance has used. */
export const tokens = (prefix: string) => {
  let last = 0
  return () => `${prefix}-${++last}`
}

const told = ({ what, kind, id, detail }: Difference) => `${what} ${kind} ${id}: ${detail}`

/** Fails where `audit-host` finds anything. */
export function clean(differences: readonly Difference[]): void {
  if (differences.length > 0) throw new Error(differences.map(told).join('; '))
}

/** What `audit-host` finds, in this process: its start would take longer than its look. Not of an instance in a box. */
export async function auditHere(instance: Instance): Promise<Difference[]> {
  const { api } = instance.ready
  const endpoint = endpointAt(api.url, api.token)
  const place = await placeIn(join(instance.data, 'agent'))
  if (!endpoint.ok || !place.ok) throw new Error('no agent is enrolled')
  const found = await audit({ endpoint: endpoint.value, place: place.value, host: null, waitMs: 15_000 })
  if (!found.ok) throw new Error(found.fault.message)
  return found.value
}

/** Verbs in their order, so that each finds a machine that it suits; parts in turn, so that each meets each verb; moments by chance. */
export function momentsOf<P extends Part>(random: Random, count: number, parts: readonly P[], verbs: readonly Op[]) {
  const round = leastCommonMultiple(parts.length, verbs.length)
  return Array.from({ length: count }, (_, at) => ({
    op: verbs[at % verbs.length] ?? 'create',
    part: parts[(at + Math.floor(at / round)) % parts.length] ?? pick(random, parts),
    ms: Math.floor(random.next() ** 2 * 800),
  }))
}

const leastCommonMultiple = (a: number, b: number): number => {
  for (let multiple = a; ; multiple += a) if (multiple % b === 0) return multiple
}
