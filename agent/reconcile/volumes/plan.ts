import { limits } from '@sirocco/shared/model/limits.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import type { WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { PluggedDisk } from '../../ports/compute.ts'
import type { FoundVolume } from '../../ports/volumes.ts'
import type { FactFault } from '../facts.ts'
import type { VolumeFacts } from './facts.ts'

/** A machine's disk that is this volume. */
export interface PluggedInto extends PluggedDisk {
  readonly machine: string
}

/** What is wanted of one volume and its snapshots, what is here of it, what the journal knows. */
export interface VolumeView {
  readonly wanted: WantedVolume | undefined
  readonly found: FoundVolume | null
  readonly plugged: readonly PluggedInto[]
  /** Of machines: is it here, does it run, is it to go, is its memory on disk? */
  machine(id: string): { readonly here: boolean; readonly on: boolean; readonly leaving: boolean; readonly asleep?: boolean }
  readonly facts: VolumeFacts
  readonly snapshots: readonly { readonly wanted: WantedSnapshot; readonly applied: number }[]
  readonly now: number
  /** ms from the start of a machine in rescue until it is given its own disk. */
  readonly rescueBoot: number
}

/** The next thing to do for a volume; after it, look and plan again. */
export type Action =
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly why: string; readonly wakeMs?: number }
  /** The guest of a machine in rescue boots: from now on it is waited for. */
  | { readonly do: 'boots' }
  | { readonly do: 'make' | 'grow' | 'revert' | 'attach' | 'remove'; readonly volume: WantedVolume }
  | { readonly do: 'detach'; readonly disk: PluggedInto }
  | { readonly do: 'settle'; readonly fault?: FactFault }
  | { readonly do: 'snapshot' | 'drop'; readonly snapshot: WantedSnapshot }

const nothing: Action = { do: 'nothing' }

/** What would change a disk under memory that is kept: the machine would go on with another disk than it knows. */
const changing: ReadonlySet<Action['do']> = new Set(['attach', 'detach', 'grow', 'revert', 'snapshot'])
const asleep: Action = { do: 'wait', why: 'waiting for its machine, which is suspended: resume or stop it' }

/** Pure: run again after every change, until there is nothing to do. Without a wish nothing is touched. */
export function planVolume(view: VolumeView): Action {
  const next = planAwake(view)
  const machines = [
    ...view.plugged.map(({ machine }) => machine),
    ...(view.wanted?.attached ? [view.wanted.attached.machine] : []),
  ]
  return changing.has(next.do) && machines.some(id => view.machine(id).asleep) ? asleep : next
}

function planAwake(view: VolumeView): Action {
  const due = view.snapshots.find(({ wanted, applied }) => applied < wanted.generation)
  if (due) return { do: due.wanted.gone ? 'drop' : 'snapshot', snapshot: due.wanted }
  const { wanted, found, facts } = view
  if (!wanted || wanted.generation < facts.applied) return nothing
  const reached = facts.applied >= wanted.generation
  if (wanted.gone) return planGone(view, wanted, reached)
  const failed = reached && facts.fault !== undefined
  if (!found) {
    if (reached) return nothing
    if (facts.made || wanted.kept) return { do: 'settle', fault: lost }
    return { do: 'make', volume: wanted }
  }
  if (goesBack(wanted, found, facts))
    return view.plugged.some(disk => disk.live)
      ? { do: 'wait', why: 'waiting for its machine to be off: stop it' }
      : { do: 'revert', volume: wanted }
  const { attached } = wanted
  const stray = view.plugged.find(disk => disk.machine !== attached?.machine || disk.device !== attached.device)
  if (stray) return failed && view.machine(stray.machine).on ? nothing : letGo(view, stray)
  const next = missing(view, wanted, found)
  // What it failed at may have come about by itself: its machine made it.
  if (failed) return next === null ? { do: 'settle' } : nothing
  if (next) return next
  return reached ? nothing : { do: 'settle' }
}

/** Is it to go back to a snapshot, and has neither come to that nor failed at it? */
export const goesBack = ({ reverted }: WantedVolume, found: FoundVolume, { applied }: VolumeFacts): boolean =>
  reverted !== undefined && found.turn < reverted.turn && applied < reverted.turn

/** What a volume that is here, and nowhere else, has not yet; null: nothing. */
function missing(view: VolumeView, wanted: WantedVolume, found: FoundVolume): Action | null {
  if (found.sizeMiB < wanted.sizeMiB) return { do: 'grow', volume: wanted }
  if (!wanted.attached) return null
  if (wanted.attached.device === rescuedDevice) return missingInRescue(view, wanted, wanted.attached.machine)
  const machine = view.machine(wanted.attached.machine)
  const has = view.plugged.some(disk => disk.saved && (disk.live || !machine.on))
  return machine.here && !machine.leaving && !has ? { do: 'attach', volume: wanted } : null
}

/** Its guest is given it once that has booted, at each start anew; a machine that is off has it by being wanted to. */
function missingInRescue(
  { plugged, facts, now, rescueBoot, machine }: VolumeView,
  volume: WantedVolume,
  owner: string,
): Action | null {
  const { on, leaving } = machine(owner)
  const over: Action | null = facts.askedAt === null ? null : { do: 'settle' }
  if (!on || plugged.some(({ live }) => live)) return over
  if (leaving) return null
  // A clock set back begins anew.
  if (facts.askedAt === null || facts.askedAt > now) return { do: 'boots' }
  const wakeMs = facts.askedAt + rescueBoot - now
  return wakeMs <= 0 ? { do: 'attach', volume } : { do: 'wait', why: 'waiting for the rescue system to boot', wakeMs }
}

function planGone(view: VolumeView, wanted: WantedVolume, reached: boolean): Action {
  const [plugged] = view.plugged
  if (plugged)
    return view.machine(plugged.machine).leaving
      ? { do: 'wait', why: 'waiting for its machine to go' }
      : { do: 'detach', disk: plugged }
  if (view.found) return { do: 'remove', volume: wanted }
  return reached ? nothing : { do: 'settle' }
}

/** A running guest is asked for a while. */
function letGo({ facts, now, machine }: VolumeView, disk: PluggedInto): Action {
  // A clock set back begins anew.
  const asked = facts.askedAt !== null && facts.askedAt <= now ? facts.askedAt : now
  if (now - asked < limits.letGo || !machine(disk.machine).on) return { do: 'detach', disk }
  return {
    do: 'settle',
    fault: {
      code: 'precondition',
      message: `the guest does not let go of ${disk.device}: unmount it there and detach it again, or stop the machine`,
    },
  }
}

const lost: FactFault = { code: 'internal', message: "the volume's data is not on its host any more; restore it from a backup" }
