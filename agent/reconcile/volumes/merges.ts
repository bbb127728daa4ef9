import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Merge } from '../../ports/volumes.ts'
import { noFacts } from '../facts.ts'
import type { Held } from '../held.ts'
import type { HostWatch } from '../host-watch.ts'
import type { Journal } from '../journal.ts'
import { isOn, plan } from '../plan.ts'

/** How two files of a volume may become one just now: by the guest that has them open, or by this agent where none has; null: not now. */
export type MergeBy = 'agent' | { readonly machine: string; readonly device: string } | null

export interface MergeParts {
  readonly compute: Compute
  readonly held: Held
  readonly watch: HostWatch
  readonly journal: Journal
  readonly timers: Clock
}

type OpenBy = 'nobody' | 'nobody knows' | { readonly machine: string; readonly volume: string }

/** Only files that no guest has open, or one alone, and none that is about to start, to sleep or to move, or whose memory on disk knows them by name. */
export async function mergeBy(parts: MergeParts, merge: Merge): Promise<Result<MergeBy>> {
  const open = merge.volumes.map(volume => openBy(parts, volume))
  if (open.includes('nobody knows')) return ok(null)
  const guests = open.flatMap(one => (typeof one === 'string' ? [] : [one]))
  const [guest] = guests
  if (!guest) return ok('agent')
  if (guests.length > 1 || !merge.online) return ok(null)
  const disks = await parts.compute.disks(guest.machine)
  if (!disks.ok) return disks
  const disk = disks.value.find(one => one.live && one.volume === guest.volume)
  return ok(disk ? { machine: guest.machine, device: disk.device } : null)
}

function openBy(parts: MergeParts, volume: string): OpenBy {
  const { held, watch, journal } = parts
  const wanted = held.volume(volume)
  const facts = journal.kept(volume)
  // An orphan may be anybody's.
  if (!wanted && !facts) return 'nobody knows'
  const machines = new Set([wanted?.attached?.machine, facts?.machine].filter(id => typeof id === 'string'))
  const opens = [...machines].flatMap((machine): OpenBy[] => {
    const power = held.machine(machine)?.power
    const found = watch.machine(machine)
    const settled = !held.machine(machine)?.move && power !== 'suspended' && found?.power !== 'suspended'
    if (!settled) return ['nobody knows']
    if (isOn(found)) return [{ machine, volume }]
    return (power === 'on' || power === 'paused') && !staysOff(parts, machine) ? ['nobody knows'] : []
  })
  return opens.length > 1 ? 'nobody knows' : (opens[0] ?? 'nobody')
}

/** Its guest shut down by itself, or it crashed too often: it is not started before somebody asks for that anew. */
function staysOff({ held, watch, journal, timers }: MergeParts, id: string): boolean {
  const wanted = held.machine(id)
  if (!wanted || wanted.move) return false
  const { generation, power } = wanted
  const facts = journal.facts(id) ?? noFacts
  const next = plan({ id, wanted: { generation, power }, found: watch.machine(id), facts, now: timers.now() })
  return next.steps.length === 0 && !next.settle
}
