import { MiB } from '@sirocco/shared/kit/units.ts'
import type { Family } from './exposition.ts'
import type { Figures, ZoneFigures } from './figures.ts'

const gauge = (name: string, help: string, samples: Family['samples']): Family => ({ name, type: 'gauge', help, samples })

const ofZones: readonly (readonly [name: string, help: string, of: (zone: ZoneFigures) => number])[] = [
  ['sirocco_hosts_linked', 'Hosts whose agent is linked', zone => zone.linked],
  ['sirocco_hosts_silent', 'Hosts whose agent is not heard from', zone => zone.silent],
  ['sirocco_hosts_cpus', 'Processors of hosts', zone => zone.cpus],
  ['sirocco_hosts_memory_bytes', 'Memory of hosts', zone => zone.memoryMiB * MiB],
  ['sirocco_hosts_disk_bytes', 'Disk of hosts', zone => zone.diskMiB * MiB],
  ['sirocco_hosts_free_vcpus', 'Virtual processors that may still be claimed', zone => zone.freeVcpus],
  ['sirocco_hosts_free_memory_bytes', 'Memory that may still be claimed', zone => zone.freeMemoryMiB * MiB],
  ['sirocco_hosts_free_disk_bytes', 'Disk that may still be claimed', zone => zone.freeDiskMiB * MiB],
  ['sirocco_orphans', 'Machines on hosts that nobody asked for', zone => zone.orphans],
]

/** Those figures as families. */
export const familiesOf = ({ operations, overdueMs, zones }: Figures): Family[] => [
  gauge(
    'sirocco_operations',
    'Operations that have not ended, by state',
    Object.entries(operations).map(([state, value]) => ({ labels: { state }, value })),
  ),
  gauge('sirocco_operations_overdue_seconds', 'For how long the longest has waited for its turn', [
    { labels: {}, value: overdueMs / 1_000 },
  ]),
  ...ofZones.map(([name, help, of]) =>
    gauge(
      name,
      help,
      zones.map(zone => ({ labels: { zone: zone.zone }, value: of(zone) })),
    ),
  ),
]
