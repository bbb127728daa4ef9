import { digest } from '@sirocco/shared/kit/canonical.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import type { Counted, Counters } from '../../ports/compute.ts'
import type { SimulatedMachine } from './state.ts'

/** ms of one rise and fall, and how far it goes, in cores. */
const swing = 10 * 60_000
const base = 0.3
const depth = 0.25

/** What machines would have used by `now`: each has its own rhythm, and counts on from its start. */
export function countedOf(machines: readonly SimulatedMachine[], now: number): Counted {
  const running = machines.filter(machine => machine.power === 'running')
  const counted = new Map(running.map(machine => [machine.id, countersOf(machine, now)]))
  const sum = (of: (counters: Counters) => number) => [...counted.values()].reduce((all, each) => all + of(each), 0)
  return {
    host: {
      cpuNs: sum(c => c.cpuNs) + now * 1e4,
      memoryBytes: sum(c => c.memoryBytes) + 1_024 * MiB,
      diskReadBytes: sum(c => c.diskReadBytes),
      diskWrittenBytes: sum(c => c.diskWrittenBytes),
      receivedBytes: sum(c => c.receivedBytes),
      sentBytes: sum(c => c.sentBytes),
    },
    machines: counted,
  }
}

function countersOf({ id, startedAt, memoryMiB }: SimulatedMachine, now: number): Counters {
  const ran = Math.max(0, now - startedAt)
  const phase = (Number.parseInt(digest(id).slice(0, 4), 16) / 0xffff) * 2 * Math.PI
  const turn = swing / (2 * Math.PI)
  // The integral of base + depth × sin: never falls.
  const coreMs = base * ran + depth * turn * (Math.cos(phase) - Math.cos(ran / turn + phase))
  return {
    cpuNs: Math.round(coreMs * 1e6),
    memoryBytes: Math.round(memoryMiB * MiB * (0.5 + 0.1 * Math.sin(ran / turn + phase))),
    diskReadBytes: Math.round(coreMs * 200),
    diskWrittenBytes: Math.round(coreMs * 500),
    receivedBytes: Math.round(coreMs * 80),
    sentBytes: Math.round(coreMs * 120),
  }
}
