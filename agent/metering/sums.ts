import { hour } from '@sirocco/shared/kit/clock.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { UsageRecord } from '@sirocco/shared/wire/usage.ts'
import type { Open } from './ledger.ts'

type OfMachine = UsageRecord['machines'][number]
type OfVolume = UsageRecord['volumes'][number]
export type Spent = Pick<UsageRecord, 'hour' | 'machines' | 'volumes'>

interface Hour {
  readonly machines: Map<string, OfMachine>
  readonly volumes: Map<string, OfVolume>
}

/** What was used and is not written down yet, by hours. */
export class Sums {
  readonly #hours = new Map<number, Hour>()

  get empty(): boolean {
    return this.#hours.size === 0
  }

  #of(at: number): Hour {
    const start = Math.floor(at / hour) * hour
    const known = this.#hours.get(start) ?? { machines: new Map(), volumes: new Map() }
    this.#hours.set(start, known)
    return known
  }

  /** Whole seconds of machines and volumes, from `from` on; cut where an hour ends, each second in the hour that it begins in. */
  span(from: number, seconds: number, { machines, volumes }: Pick<Open, 'machines' | 'volumes'>): void {
    for (let at = from, left = seconds; left > 0; ) {
      const part = Math.min(left, Math.ceil(((Math.floor(at / hour) + 1) * hour - at) / 1_000))
      for (const [id, { vcpus, memoryMiB }] of Object.entries(machines))
        this.#machine(at, { id, seconds: part, vcpus, memoryMiB, received: 0, sent: 0 })
      for (const [id, { pool, sizeMiB }] of Object.entries(volumes)) this.#volume(at, { id, pool, mibSeconds: sizeMiB * part })
      at += part * 1_000
      left -= part
    }
  }

  traffic(at: number, machine: Pick<OfMachine, 'id' | 'vcpus' | 'memoryMiB' | 'received' | 'sent'>): void {
    if (machine.received + machine.sent > 0) this.#machine(at, { ...machine, seconds: 0 })
  }

  /** Puts in what was taken out, or written down under a number that may still change. */
  add(spent: Spent): void {
    for (const machine of spent.machines) this.#machine(spent.hour, machine)
    for (const volume of spent.volumes) this.#volume(spent.hour, volume)
  }

  /** All of it, oldest first, in parts that a record holds; nothing of it is here any more. */
  take(): Spent[] {
    const hours = [...this.#hours].toSorted(([a], [b]) => a - b)
    this.#hours.clear()
    return hours.flatMap(([start, { machines, volumes }]) => parts(start, [...machines.values()], [...volumes.values()]))
  }

  #machine(at: number, used: OfMachine): void {
    const { machines } = this.#of(at)
    // Of another shape it is another line.
    const key = `${used.id} ${used.vcpus} ${used.memoryMiB}`
    const before = machines.get(key)
    machines.set(key, {
      ...used,
      seconds: used.seconds + (before?.seconds ?? 0),
      received: used.received + (before?.received ?? 0),
      sent: used.sent + (before?.sent ?? 0),
    })
  }

  #volume(at: number, used: OfVolume): void {
    const { volumes } = this.#of(at)
    const key = `${used.id} ${used.pool}`
    volumes.set(key, { ...used, mibSeconds: used.mibSeconds + (volumes.get(key)?.mibSeconds ?? 0) })
  }
}

function parts(start: number, machines: readonly OfMachine[], volumes: readonly OfVolume[]): Spent[] {
  const count = Math.ceil((machines.length + volumes.length) / limits.usageItems)
  const within = <T>(all: readonly T[], before: number, i: number): T[] =>
    all.slice(Math.max(0, i * limits.usageItems - before), Math.max(0, (i + 1) * limits.usageItems - before))
  return Array.from({ length: count }, (_, i) => ({
    hour: start,
    machines: within(machines, 0, i),
    volumes: within(volumes, machines.length, i),
  }))
}
