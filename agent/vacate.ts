import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { AgentParts } from './compose.ts'
import type { AgentConfig } from './config.ts'

type HostPorts = Pick<AgentParts['hosts'][number], 'name' | 'compute' | 'storage' | 'volumes' | 'networks'>

/** What the storage port and consoles keep; whatever else lies in a storage folder is somebody else's. */
const rooms = ['machines', 'volumes', 'images', 'imports', 'backups', 'consoles', 'pools', 'ceph'] as const

/** The machines that hosts carry, defined or only by what is stored of them, and the volumes that no machine here has. */
export async function machinesOn(hosts: readonly HostPorts[]): Promise<Result<string[]>> {
  const found = new Set<string>()
  for (const { compute, storage, volumes } of hosts) {
    const defined = await compute.list()
    if (!defined.ok) return defined
    const stored = await storage.list()
    if (!stored.ok) return stored
    const kept = await volumes.list()
    if (!kept.ok) return kept
    const had = new Set<string>()
    for (const { id } of defined.value) {
      const disks = await compute.disks(id)
      if (!disks.ok) return disks
      for (const { volume } of disks.value) had.add(volume)
    }
    for (const id of [...defined.value.map(machine => machine.id), ...stored.value]) found.add(id)
    for (const id of kept.value) if (!had.has(id)) found.add(id)
  }
  return ok([...found].sort())
}

/**
 * Takes everything of an instance off its hosts: machines with their disks, networks with their rules, images and files. Refuses
 * (`precondition`) while there are machines, unless they are to go, too. May run twice; its agent must not run. What was done, a line each.
 */
export async function vacate(
  hosts: readonly HostPorts[],
  { storage, runtime, driver }: Pick<AgentConfig, 'storage' | 'runtime' | 'driver'>,
  options: { readonly machines: boolean },
): Promise<Result<string[]>> {
  const there = await machinesOn(hosts)
  if (!there.ok) return there
  const count = there.value.length
  if (count > 0 && !options.machines) {
    const some = `${there.value.slice(0, 5).join(', ')}${count > 5 ? ', …' : ''}`
    return refuse(
      'precondition',
      `${count} ${count === 1 ? 'machine is' : 'machines are'} still here (${some}): terminate what is left, or give --machines to destroy it`,
    )
  }
  const done: string[] = []
  for (const host of hosts) {
    const emptied = await empty(host)
    if (!emptied.ok) return emptied
    done.push(...emptied.value)
  }
  if (driver.kind === 'libvirt') {
    for (const room of rooms) await rm(join(storage, room), { recursive: true, force: true })
    await rm(runtime, { recursive: true, force: true })
    done.push(await removeIfEmpty(storage))
  }
  return ok(done)
}

async function empty({ name, compute, storage, volumes, networks }: HostPorts): Promise<Result<string[]>> {
  const defined = await compute.list()
  if (!defined.ok) return defined
  for (const { id } of defined.value) {
    const cut = await compute.cut(id)
    if (!cut.ok) return cut
    const undone = await compute.undefine(id)
    if (!undone.ok) return undone
  }
  const stored = await storage.list()
  if (!stored.ok) return stored
  for (const id of stored.value) {
    const removed = await storage.remove(id)
    if (!removed.ok) return removed
  }
  const kept = await volumes.list()
  if (!kept.ok) return kept
  for (const id of kept.value) {
    const removed = await volumes.remove({ id, pool: { type: 'directory', id: '' } })
    if (!removed.ok) return removed
  }
  const joined = await networks.list()
  if (!joined.ok) return joined
  // Also where none is listed: rules may be left alone.
  const applied = await networks.apply([])
  if (!applied.ok) return applied
  const said = (count: number, what: string) =>
    count === 0 ? [] : [`removed ${count} ${count === 1 ? what : `${what}s`} of host ${name}`]
  return ok([
    ...said(defined.value.length, 'machine'),
    ...said(kept.value.length, 'volume'),
    ...said(joined.value.length, 'network'),
  ])
}

async function removeIfEmpty(folder: string): Promise<string> {
  try {
    await rmdir(folder)
    return `removed ${folder}`
  } catch {
    const left = await readdir(folder).catch(() => [])
    return left.length === 0 ? `removed ${folder}` : `left ${folder}, which holds ${left.slice(0, 5).join(', ')}`
  }
}
