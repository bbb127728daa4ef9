import { KiB } from '@sirocco/shared/kit/units.ts'
import type { Counters } from '../../ports/compute.ts'

/** VIR_DOMAIN_STATS_ STATE | CPU_TOTAL | BALLOON | INTERFACE | BLOCK: all groups together take libvirtd five times as long. */
export const whatCounts = 1 | 2 | 4 | 16 | 32
/** VIR_CONNECT_GET_ALL_DOMAINS_STATS_ ACTIVE | NOWAIT: a domain that is busy with a job says less, and holds up none. */
export const runningWithoutWaiting = 1 | (1 << 29)

/** One running domain's figures, by the names that `virsh domstats` prints. */
export function countersOf(values: ReadonlyMap<string, number | string>): Counters {
  const figure = (name: string): number | null => {
    const value = values.get(name)
    return typeof value === 'number' ? value : null
  }
  const sum = (group: 'block' | 'net', name: string): number =>
    Array.from({ length: figure(`${group}.count`) ?? 0 }, (_, i) => figure(`${group}.${i}.${name}`) ?? 0).reduce(
      (a, b) => a + b,
      0,
    )
  const [available, unused] = [figure('balloon.available'), figure('balloon.unused')]
  return {
    cpuNs: figure('cpu.time') ?? 0,
    // A guest without a balloon driver does not say what it uses: then what QEMU holds.
    memoryBytes: (available !== null && unused !== null ? available - unused : (figure('balloon.rss') ?? 0)) * KiB,
    diskReadBytes: sum('block', 'rd.bytes'),
    diskWrittenBytes: sum('block', 'wr.bytes'),
    receivedBytes: sum('net', 'rx.bytes'),
    sentBytes: sum('net', 'tx.bytes'),
  }
}
