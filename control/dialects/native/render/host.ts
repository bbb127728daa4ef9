import type { Host as HostJson } from '@sirocco/shared/api/hosts.ts'
import { capacityOf, type Host } from '../../../domain/hosts/host.ts'
import { orNull } from './time.ts'

export function hostJson(host: Host): HostJson {
  const { facts } = host
  return {
    id: host.id,
    name: host.name,
    region: host.region,
    zone: host.zone,
    agent: host.agent,
    agentVersion: host.agentVersion,
    state: facts === null ? 'new' : host.silentSince === null ? 'up' : 'silent',
    silentSince: orNull(host.silentSince),
    seenAt: orNull(facts?.at ?? null),
    accepting: host.accepting,
    maintenance: host.maintenance,
    underlay: facts?.underlay ?? null,
    hypervisor: facts?.hypervisor ?? null,
    hypervisorVersion: facts?.hypervisorVersion ?? null,
    acceleration: facts?.acceleration ?? null,
    architecture: facts?.architecture ?? null,
    capacity: capacityOf(host),
    used: { ...host.used },
    machines: host.machines,
    warnings: [...(facts?.warnings ?? [])],
    orphans: host.orphans.map(({ machine, power }) => ({ machine, power })),
  }
}
