import type { Seen } from '@sirocco/shared/wire/objects.ts'
import type { Held } from './held.ts'
import type { HostWatch } from './host-watch.ts'

/** A machine that runs; `run` changes at each start. */
export interface MeteredMachine {
  readonly id: string
  readonly run: string
  readonly vcpus: number
  readonly memoryMiB: number
}
/** A volume that lies here. */
export interface MeteredVolume {
  readonly id: string
  readonly pool: string
  readonly sizeMiB: number
}
/** What of one host is billed. */
export interface Metered {
  readonly machines: readonly MeteredMachine[]
  readonly volumes: readonly MeteredVolume[]
  /** Volumes that were not looked at yet in this life of the agent: as they were. */
  readonly unknown: readonly string[]
}

/**
 * What somebody asked for and is here: a machine while it runs, and while its owner paused it; a volume while it lies here. What is on its way to
 * this host is billed where it comes from.
 */
export function meteredOf(
  host: Pick<HostWatch, 'machine' | 'machines'>,
  held: Pick<Held, 'machine' | 'volume' | 'volumes'>,
  seen: readonly Seen[],
): Metered {
  const looked = new Set(seen.flatMap(({ kind, id }) => (kind === 'volume' ? [id] : [])))
  const arrives = (machine: string | undefined) => machine !== undefined && held.machine(machine)?.move?.role === 'to'
  return {
    machines: host.machines().flatMap(id => {
      const [found, wanted] = [host.machine(id), held.machine(id)]
      if (!found || !wanted) return []
      const runs = found.power === 'running' || found.power === 'stopping'
      if (!runs && !(found.power === 'paused' && wanted.power === 'paused')) return []
      return [{ id, run: found.run, vcpus: wanted.vcpus, memoryMiB: wanted.memoryMiB }]
    }),
    volumes: seen.flatMap(object => {
      if (object.kind !== 'volume' || !object.here) return []
      const wanted = held.volume(object.id)
      if (!wanted || wanted.gone || arrives(wanted.attached?.machine)) return []
      return [{ id: object.id, pool: wanted.pool.id, sizeMiB: object.sizeMiB }]
    }),
    unknown: held.volumes().flatMap(({ id, gone }) => (gone || looked.has(id) ? [] : [id])),
  }
}
