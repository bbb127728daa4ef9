import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { AgentParts } from './compose.ts'
import type { AgentConfig } from './config.ts'

type HostPorts = AgentParts['hosts'][number]
type Driver = AgentConfig['driver']['kind']

/** The ports of every host this agent speaks for. Drivers load only where they are used. */
const drivers = {
  simulated: async ({ hosts, instance }, data, timers) => {
    const { simulatedHostIn } = await import('./drivers/simulated/file.ts')
    const { simulatedCompute } = await import('./drivers/simulated/compute.ts')
    const { simulatedStorage } = await import('./drivers/simulated/storage.ts')
    const { simulatedVolumes } = await import('./drivers/simulated/volumes.ts')
    const { simulatedNetworks } = await import('./drivers/simulated/networks.ts')
    return hosts.map(({ id, name }) => {
      const host = simulatedHostIn(join(data, `simulated-${id}.json`), name, timers)
      return {
        id,
        name,
        compute: simulatedCompute(host, instance),
        storage: simulatedStorage(host, instance),
        volumes: simulatedVolumes(host, instance),
        networks: simulatedNetworks(host, instance),
      }
    })
  },
  libvirt: async ({ hosts, instance, tag, driver, storage, runtime, underlay }, _, timers) => {
    const [host, ...more] = hosts
    if (driver.kind !== 'libvirt' || !host || more.length > 0) throw new Error('a libvirt agent speaks for one host')
    const { libvirtCompute } = await import('./drivers/libvirt/compute.ts')
    const { directoryStorage } = await import('./storage/directory.ts')
    const { pooledVolumes } = await import('./storage/pools.ts')
    const { linuxNetworks } = await import('./network/networks.ts')
    const { socket, uri } = driver
    // Sockets of moves that an earlier life was part of: nobody listens at them.
    await rm(join(runtime, 'moves'), { recursive: true, force: true })
    return [
      {
        ...host,
        compute: libvirtCompute({
          socket,
          uri,
          instance,
          tag,
          logDir: join(storage, 'consoles'),
          moveDir: join(runtime, 'moves'),
          clock: timers,
          hostName: host.name,
        }),
        storage: directoryStorage({ dir: storage }),
        volumes: pooledVolumes({ dir: storage, host: host.id }),
        networks: linuxNetworks({ instance, tag, dir: join(runtime, 'networks'), underlay: underlay?.address ?? null }),
      },
    ]
  },
} satisfies Record<Driver, (config: AgentConfig, data: string, timers: Timers) => Promise<HostPorts[]>>

export const hostsOf = (config: AgentConfig, data: string, timers: Timers): Promise<HostPorts[]> =>
  drivers[config.driver.kind](config, data, timers)
