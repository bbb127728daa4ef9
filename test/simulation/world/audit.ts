import { z } from 'zod'
import { machineRows } from './checks.ts'
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
const Left = z.object({ machine: z.string(), host: z.string() })
const Silent = z.object({ id: z.string() })
const Orphan = z.object({ machine: z.string(), host: z.string() })

/** What is not as it should be once nothing happens any more: rows against hosts. Empty: nothing lost, doubled, leaked or unfinished. */
export function audit(database: MemoryDatabase, hosts: readonly HostMachine[]): string[] {
  const look = <T>(schema: z.ZodType<T>, sql: string) => database.look(sql).map(row => schema.parse(row))
  const found: string[] = []
  const machines = machineRows(database)
  const byId = new Map(machines.map(m => [m.id, m]))

  for (const { id, kind, state, waiting, subject } of look(
    Live,
    `SELECT id, kind, state, waiting, subject FROM operation WHERE wakeAt IS NOT NULL OR state NOT IN ('done', 'failed', 'superseded')`,
  ))
    found.push(`${id} (${kind} of ${subject}) is still ${state}: ${waiting}`)
  for (const { id } of look(Silent, 'SELECT id FROM agent WHERE silentSince IS NOT NULL')) found.push(`${id} is thought silent`)
  for (const { machine, host } of look(Orphan, 'SELECT machine, host FROM orphan'))
    found.push(`${machine} is called an orphan of ${host}`)

  for (const { machine, host } of look(Left, 'SELECT machine, host FROM tombstone'))
    found.push(`something of ${machine} is still to go from ${host}`)

  for (const machine of machines) {
    if (machine.goneAt !== null) continue
    if (machine.power === 'gone') found.push(`${machine.id} is not gone yet`)
    if (machine.host === null) continue
    if (machine.applied === null || machine.applied < machine.generation)
      found.push(`${machine.id} is applied at ${machine.applied}, wanted at ${machine.generation}`)
    const host = hosts.find(h => h.id === machine.host)
    const power = host?.sim.machine(instance, machine.id)?.power ?? 'absent'
    const wanted = machine.power === 'on' && machine.failure === null
    if (wanted !== (power === 'running'))
      found.push(`${machine.id} is ${power}, wanted ${machine.power}${machine.failure === null ? '' : ' (failed)'}`)
    if (power !== 'absent' && power !== machine.seen) found.push(`${machine.id} is ${power}, observed ${machine.seen}`)
  }

  const ports = look(Port, 'SELECT id, machine, subnet FROM port')
  for (const { id, machine } of ports) {
    const row = byId.get(machine)
    if (!row || row.goneAt !== null || row.host === null) found.push(`${id} is kept for ${machine}, which needs none`)
  }
  for (const host of hosts) {
    const store = host.sim.store(instance)
    for (const id of [...host.sim.machines(instance).map(m => m.id), ...Object.keys(store.disks)])
      if (byId.get(id)?.host !== host.id) found.push(`${id} is left on ${host.id}`)
    const needed = new Set(ports.filter(p => byId.get(p.machine)?.host === host.id).map(p => p.subnet))
    for (const [network, { ports: plugged }] of Object.entries(store.networks)) {
      if (!needed.has(network)) found.push(`network ${network} is left on ${host.id}`)
      for (const port of plugged) if (!ports.some(p => p.id === port)) found.push(`port ${port} is left on ${host.id}`)
    }
  }
  return found
}
