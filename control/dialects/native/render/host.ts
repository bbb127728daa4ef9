import type { Host as HostJson } from '@sirocco/shared/api/hosts.ts'
import { oldestProtocol } from '@sirocco/shared/wire/version.ts'
import { capacityOf, type Host } from '../../../domain/hosts/host.ts'
import { ageOf } from '../../../domain/hosts/upgrade.ts'
import { orNull, time } from './time.ts'

export function hostJson(host: Host, offered: string | undefined): HostJson {
  const { facts } = host
  return {
    id: host.id,
    name: host.name,
    region: host.region,
    zone: host.zone,
    agent: host.agent,
    agentVersion: host.agentVersion,
    agentBundle: host.agentBundle,
    upgrade: ageOf(host, { bundle: offered, oldestProtocol }),
    state: facts === null ? 'new' : host.silentSince === null ? 'up' : 'silent',
    silentSince: orNull(host.silentSince),
    seenAt: orNull(facts?.at ?? null),
    accepting: host.accepting,
    fenced: host.fenced && { how: host.fenced.how, at: time(host.fenced.at) },
    power: host.power && { ...host.power },
    maintenance: host.maintenance,
    underlay: facts?.underlay ?? null,
    hypervisor: facts?.hypervisor ?? null,
    hypervisorVersion: facts?.hypervisorVersion ?? null,
    acceleration: facts?.acceleration ?? null,
    architecture: facts?.architecture ?? null,
    cpuRatio: host.cpuRatio,
    memoryRatio: host.memoryRatio,
    diskRatio: host.diskRatio,
    tags: { ...host.tags },
    capacity: capacityOf(host),
    used: { ...host.used },
    machines: host.machines,
    warnings: [...(host.clonedAt === null ? [] : [cloned(host.clonedAt)]), ...(facts?.warnings ?? [])],
    orphans: host.orphans.map(({ machine, power }) => ({ machine, power })),
  }
}

const cloned = (at: number): string =>
  `another machine used the key of this host's agent at ${time(at)} and was refused: find the copy, or remove this host and enrol it anew`
