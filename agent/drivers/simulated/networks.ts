import { digest } from '@sirocco/shared/kit/canonical.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { overlaps } from '@sirocco/shared/kit/ipv4.ts'
import type { Networks } from '../../ports/network.ts'
import type { SimulatedHost } from './host.ts'

/** The network port over a simulated host. */
export function simulatedNetworks(host: SimulatedHost, instance: string): Networks {
  const bridgeOf = (network: string) => `sb${digest([instance, network]).slice(0, 13)}`
  const tapOf = (port: string) => `st${digest([instance, port]).slice(0, 13)}`
  return {
    async apply(wanted) {
      const refused = host.refusal('networks.apply', null)
      if (refused) return refused
      const ranges = wanted.filter(({ network }) => !network.apart).map(({ network }) => network.cidr)
      const clash = ranges.find((a, i) => [...host.taken, ...ranges.slice(i + 1)].some(b => overlaps(a, b)))
      if (clash) return refuse('conflict', `${clash} is taken on this host`)
      const next = Object.fromEntries(
        wanted.map(({ network, ports, neighbours = [] }) => [
          network.id,
          {
            bridge: bridgeOf(network.id),
            cidr: network.cidr,
            ports: ports.map(p => p.id).sort(),
            ...(network.vni === undefined ? {} : { vni: network.vni }),
            ...(neighbours.length === 0 ? {} : { neighbours: Object.fromEntries(neighbours.map(n => [n.id, n.via])) }),
          },
        ]),
      )
      const store = host.store(instance)
      // Made in the same order each time; a digest of a thousand neighbours is dear.
      if (JSON.stringify(store.networks) === JSON.stringify(next)) return ok(undefined)
      store.networks = next
      host.saved()
      return ok(undefined)
    },
    plug: (port, network) => ({ mac: port.mac, bridge: bridgeOf(network.id), tap: tapOf(port.id), mtu: network.mtu }),
    async list() {
      return host.refusal('networks.list', null) ?? ok(Object.keys(host.store(instance).networks))
    },
    async warnings() {
      return ['machines on this host are simulated: nothing runs']
    },
  }
}
