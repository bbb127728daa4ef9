import type { VolumeState } from '@sirocco/shared/model/volumes/states.ts'
import type { Volume } from '../api/types.ts'

export type VolumeDeed = 'attach' | 'detach' | 'grow' | 'snapshot' | 'backup' | 'capture' | 'delete'
/** Why something cannot be asked of a volume just now: a message key. */
export type Why = 'busy' | 'attached' | 'boots' | 'unused' | 'going' | 'not_ready'

const settled: readonly VolumeState[] = ['available', 'in-use']

/** null: may be asked now. */
export function whyNot(deed: VolumeDeed, { state, attachment, source, host }: Volume): Why | null {
  if (state === 'deleting' || state === 'gone') return 'going'
  if (deed === 'delete') return attachment ? 'attached' : null
  if (deed === 'detach') return attachment?.boot ? 'boots' : null
  if (!settled.includes(state)) return 'busy'
  // Where it lies is told to admins only; others learn it from the refusal.
  if ((deed === 'snapshot' || deed === 'backup' || deed === 'capture') && host === null && source.kind !== 'snapshot')
    return 'unused'
  return null
}

export const nameOf = (one: { readonly name: string } & ({ readonly ec2Id: string } | { readonly id: string })): string =>
  one.name || ('ec2Id' in one ? one.ec2Id : one.id)

/** GiB as they were typed, in MiB; null where that is no size, or less than `least` MiB. */
export function sizeOf(gib: string, least: number): number | null {
  const number = Number(gib)
  const mib = number * 1024
  return gib.trim() !== '' && Number.isInteger(number) && number > 0 && mib >= least ? mib : null
}
