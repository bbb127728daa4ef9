import type { Id } from '@sirocco/shared/kit/id.ts'
import { shardOf } from '../domain/operations/shard.ts'
import type { Change } from '../ports/changes.ts'
import type { Pokes } from '../ports/pokes.ts'

/** Tells whoever waits for what was just written. */
export function pokeFor(pokes: Pokes, changes: readonly Change[]): void {
  const shards = new Set<number>()
  const hosts = new Set<Id<'host'>>()
  const projects = new Set<Id<'project'> | null>()
  for (const change of changes) {
    if (change.do === 'operation.start') shards.add(shardOf(change.operation.subject))
    if (change.do === 'operation.wake' || change.do === 'operation.ask') shards.add(shardOf(change.subject))
    if (change.do === 'host.touch') hosts.add(change.host)
    if (change.do === 'security-group.touch' || change.do === 'port.moved') for (const host of change.hosts) hosts.add(host)
    // It came to be on one of them; a poke that finds nothing new is none.
    if (change.do === 'allocation.claim') for (const host of change.others ?? []) hosts.add(host)
    if (change.do === 'event') projects.add(change.project)
  }
  if (shards.size > 0) pokes.operations([...shards])
  if (hosts.size > 0) pokes.hosts([...hosts])
  for (const project of projects) pokes.events(project)
}
