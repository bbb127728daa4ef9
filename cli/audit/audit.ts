import { setTimeout as pause } from 'node:timers/promises'
import { type Host, HostPage, HostProjection } from '@sirocco/shared/api/hosts.ts'
import { MachinePage } from '@sirocco/shared/api/machines.ts'
import { VolumePage } from '@sirocco/shared/api/volumes.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { ask, askAll } from '../api.ts'
import type { Endpoint, Place } from '../place.ts'
import { compare, lasting } from './compare.ts'
import { expectedOf, type Told, type Wishes } from './expected.ts'
import type { Difference, Found, Kind } from './item.ts'
import { dhcp } from './read/dhcp.ts'
import { files } from './read/files.ts'
import { gateways } from './read/gateways.ts'
import { links } from './read/links.ts'
import { machines } from './read/machines.ts'
import type { Reader } from './read/reader.ts'
import { rules } from './read/rules.ts'
import { simulated } from './read/simulated.ts'
import { tunnels } from './read/tunnels.ts'
import { volumes } from './read/volumes.ts'

const readers = {
  libvirt: [machines, volumes, files, links, tunnels, gateways, rules, dhcp],
  simulated: [simulated],
} satisfies Record<Place['driver']['kind'], readonly Reader[]>

/** Between two looks, in milliseconds: what is under way on a host is over by then, or will be seen to go on. */
const betweenLooks = 1_000

export interface AuditOptions {
  readonly endpoint: Endpoint
  readonly place: Place
  /** The name or id of one of the agent's hosts; all of them where none is given. */
  readonly host: string | null
  /** Looks again for this long where there are differences, since they may be under way; milliseconds. */
  readonly waitMs: number
}

/** How hosts differ from what the control plane wants on them: what lasts over two looks, or nothing. */
export async function audit({ endpoint, place, host, waitMs }: AuditOptions): Promise<Result<Difference[]>> {
  const hosts = place.hosts.filter(({ id, name }) => host === null || id === host || name === host)
  if (hosts.length === 0) return refuse('not_found', `the agent in ${place.folder} has no host ${host}`)
  const end = performance.now() + waitMs
  let differences = await look(endpoint, place, hosts)
  while (differences.ok && differences.value.length > 0 && waitMs > 0) {
    await pause(betweenLooks)
    const again = await look(endpoint, place, hosts)
    if (!again.ok) return again
    const stayed = lasting(differences.value, again.value)
    differences = again
    if (performance.now() >= end) return ok(stayed)
  }
  return differences
}

async function look(endpoint: Endpoint, place: Place, hosts: Place['hosts']): Promise<Result<Difference[]>> {
  const known = await askAll(endpoint, '/hosts', HostPage)
  if (!known.ok) return known
  const told = await askAll(endpoint, '/machines', MachinePage)
  if (!told.ok) return told
  const volumes = await askAll(endpoint, '/volumes', VolumePage)
  if (!volumes.ok) return volumes
  const unmade = new Set(volumes.value.filter(({ state }) => state === 'failed').map(({ id }) => id))
  const byId = new Map(told.value.map(({ id, state, ranAt }): [string, Told] => [id, { state, ran: ranAt !== null }]))
  const differences: Difference[] = []
  for (const { id } of hosts) {
    const record = known.value.find(one => one.id === id)
    if (!record) return refuse('not_found', `the control plane does not know host ${id}: is it another one's agent?`)
    const found = await onHost(endpoint, place, record, { told: byId, unmade })
    if (!found.ok) return found
    differences.push(...found.value)
  }
  return ok(differences)
}

async function onHost(
  endpoint: Endpoint,
  place: Place,
  host: Host,
  known: Pick<Wishes, 'told' | 'unmade'>,
): Promise<Result<Difference[]>> {
  const projection = await ask(endpoint, `/hosts/${encodeURIComponent(host.id)}/projection`, HostProjection)
  if (!projection.ok) return projection
  const kinds = new Set<Kind>(['allocation'])
  const found: Found[] = [allocation(host)]
  for (const reader of readers[place.driver.kind]) {
    const part = await reader.read(place, host.id)
    if (!part.ok) return part
    for (const kind of reader.kinds) kinds.add(kind)
    found.push(...part.value)
  }
  const storage = place.driver.kind === 'simulated' ? null : place.storage
  return ok(compare(kinds, expectedOf({ projection: projection.value, ...known, storage }), found))
}

const allocation = ({ id, name, machines, used }: Host): Found => ({
  kind: 'allocation',
  id,
  facts: { machines, ...used },
  where: `what is used of host ${name}`,
})
