import type { Power } from '@sirocco/shared/model/machines/states.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import { z } from 'zod'
import { machineRows, snapshotRows, volumeRows } from './checks.ts'
import type { MemoryDatabase } from './client.ts'
import { type HostMachine, instance } from './host.ts'

const Live = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  waiting: z.string().nullable(),
  subject: z.string(),
})
const Port = z.object({ id: z.string(), machine: z.string(), subnet: z.string() })
const Left = z.object({ subject: z.string(), host: z.string() })
const Silent = z.object({ id: z.string() })
const Orphan = z.object({ machine: z.string(), host: z.string() })

/** Where a machine may be that is wanted so; what went off while it stood still stays off. */
const shown: Readonly<Record<Power, readonly string[]>> = {
  on: ['running'],
  off: ['stopped', 'absent'],
  cut: ['stopped', 'absent'],
  paused: ['paused', 'stopped'],
  suspended: ['suspended', 'stopped'],
  'as-is': ['running', 'paused', 'stopped', 'suspended', 'absent'],
  gone: ['absent'],
}

/** What is not as it should be once nothing happens any more: rows against hosts. Empty: nothing lost, doubled, leaked or unfinished. */
export function audit(database: MemoryDatabase, hosts: readonly HostMachine[]): string[] {
  const look = <T>(schema: z.ZodType<T>, sql: string) => database.look(sql).map(row => schema.parse(row))
  const found: string[] = []
  const machines = machineRows(database)
  const byId = new Map(machines.map(m => [m.id, m]))

  for (const { id, kind, state, waiting, subject } of look(
    Live,
    `SELECT id, kind, state, waiting, subject FROM operation WHERE wakeAt IS NOT NULL OR state NOT IN ('done', 'failed', 'cancelled', 'superseded')`,
  ))
    found.push(`${id} (${kind} of ${subject}) is still ${state}: ${waiting}`)
  for (const { id } of look(Silent, 'SELECT id FROM agent WHERE silentSince IS NOT NULL')) found.push(`${id} is thought silent`)
  for (const { machine, host } of look(Orphan, 'SELECT machine, host FROM orphan'))
    found.push(`${machine} is called an orphan of ${host}`)

  for (const { subject, host } of look(Left, 'SELECT subject, host FROM tombstone'))
    found.push(`something of ${subject} is still to go from ${host}`)

  for (const machine of machines) {
    if (machine.goneAt !== null) continue
    if (machine.power === 'gone') found.push(`${machine.id} is not gone yet`)
    if (machine.host === null) continue
    if (machine.applied === null || machine.applied < machine.generation)
      found.push(`${machine.id} is applied at ${machine.applied}, wanted at ${machine.generation}`)
    const host = hosts.find(h => h.id === machine.host)
    const power = host?.sim.machine(instance, machine.id)?.power ?? 'absent'
    const wanted = machine.failure === null ? shown[machine.power] : ['stopped', 'absent', 'paused', 'suspended']
    if (!wanted.includes(power))
      found.push(`${machine.id} is ${power}, wanted ${machine.power}${machine.failure === null ? '' : ' (failed)'}`)
    if (power !== 'absent' && power !== machine.seen) found.push(`${machine.id} is ${power}, observed ${machine.seen}`)
  }

  const volumes = volumeRows(database)
  for (const {
    id,
    deleted,
    goneAt,
    host,
    applied,
    generation,
    here,
    sizeMiB,
    seenMiB,
    machine,
    device,
    seenIn,
    fault,
  } of volumes) {
    if (goneAt !== null || host === null) continue
    if (deleted === 1) found.push(`${id} is not gone yet`)
    if (applied === null || applied < generation) found.push(`${id} is applied at ${applied}, wanted at ${generation}`)
    // What could not be made for want of room is as it is: its owner deletes it, or its machine makes it when it starts.
    else if (fault !== null) continue
    else if (here !== 1) found.push(`${id} is not on ${host}`)
    else if (seenMiB !== sizeMiB || seenIn !== machine)
      found.push(`${id} has ${seenMiB} MiB and is in ${seenIn}, wanted ${sizeMiB} and in ${machine}`)
    const on = hosts.find(h => h.id === host)?.sim
    const domain = machine === null ? undefined : on?.machine(instance, machine)
    // In rescue a machine is given its own disk when it has booted: one that could not start is without.
    const given = device !== rescuedDevice || domain?.power === 'running'
    if (domain && given && !domain.disks.some(disk => disk.volume === id)) found.push(`${id} is not in ${machine}`)
    for (const other of on?.machines(instance) ?? [])
      if (other.id !== machine && other.disks.some(disk => disk.volume === id)) found.push(`${id} is still in ${other.id}`)
  }
  for (const host of hosts)
    for (const [id, { idle, layer }] of Object.entries(host.sim.store(instance).volumes)) {
      // A guest writes above the newest; what others were made from stays with them.
      const machine = volumes.find(volume => volume.id === id)?.machine
      if (machine && host.sim.machine(instance, machine)?.power !== 'stopped') continue
      const made = new Set(Object.values(host.sim.store(instance).volumes).map(({ base }) => base))
      for (const { snapshot } of idle ?? [])
        if (!made.has(snapshot)) found.push(`the file of ${snapshot}, which went, is left below layer ${layer} of ${id}`)
    }
  const snapshots = snapshotRows(database)
  for (const { id, deleted, goneAt, applied, generation, here } of snapshots) {
    if (goneAt !== null) continue
    if (deleted === 1) found.push(`${id} is not gone yet`)
    if (applied === null || applied < generation || here !== 1) found.push(`${id} is not made`)
  }

  const ports = look(Port, 'SELECT id, machine, subnet FROM port')
  for (const { id, machine } of ports) {
    const row = byId.get(machine)
    if (!row || row.goneAt !== null || row.host === null) found.push(`${id} is kept for ${machine}, which needs none`)
  }
  for (const host of hosts) {
    const store = host.sim.store(instance)
    for (const id of [...host.sim.machines(instance).map(m => m.id), ...store.homes])
      if (byId.get(id)?.host !== host.id) found.push(`${id} is left on ${host.id}`)
    for (const id of Object.keys(store.volumes))
      if (!volumes.some(v => v.id === id && v.host === host.id && v.goneAt === null)) found.push(`${id} is left on ${host.id}`)
    for (const id of Object.keys(store.snapshots))
      if (!snapshots.some(s => s.id === id && s.host === host.id && s.goneAt === null)) found.push(`${id} is left on ${host.id}`)
    const needed = new Set(ports.filter(p => byId.get(p.machine)?.host === host.id).map(p => p.subnet))
    for (const [network, { ports: plugged, neighbours = {} }] of Object.entries(store.networks)) {
      const others = ports.filter(p => p.subnet === network && (byId.get(p.machine)?.host ?? host.id) !== host.id)
      const known = Object.keys(neighbours).sort().join()
      const wanted = others
        .map(({ id }) => id)
        .sort()
        .join()
      if (needed.has(network) && known !== wanted) found.push(`${network} on ${host.id} knows of ${known}, wanted ${wanted}`)
      if (!needed.has(network)) found.push(`network ${network} is left on ${host.id}`)
      for (const port of plugged) if (!ports.some(p => p.id === port)) found.push(`port ${port} is left on ${host.id}`)
    }
  }
  return found
}
