import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Observed } from '@sirocco/shared/wire/frames.ts'
import type { SeenMachine } from '@sirocco/shared/wire/objects.ts'
import type { Orphan } from '../../domain/hosts/orphan.ts'
import type { Change } from '../../ports/changes.ts'

/** What a host says of a machine that nothing here asks for; `known`: digests of what it said of each before, of which there are only so many. */
export function orphaned(host: Id<'host'>, { id, power, found }: SeenMachine, known: Map<string, string>): Change[] {
  const said = digest({ power, found: found ?? null })
  const before = known.get(id)
  if (power === 'absent' || before === said || (before === undefined && known.size >= limits.orphans)) return []
  known.set(id, said)
  const seen: Change = { do: 'orphan.seen', host, machine: id, power, found: found ?? null, digest: said }
  return before === undefined
    ? [seen, { do: 'event', project: null, type: 'orphan.seen', subject: host, data: { machine: id } }]
    : [seen]
}

/**
 * What follows for those that were known: one that is there no more, or is asked for now (`isMine`), is forgotten; whoever waits for one to go
 * looks again where a part of it did (`changes`).
 */
export function orphansLeft(
  { host, frame }: { readonly host: Id<'host'>; readonly frame: Pick<Observed, 'base' | 'changed' | 'gone'> },
  orphans: readonly Orphan[],
  isMine: (machine: string) => boolean,
  changes: readonly Change[],
): Change[] {
  const gone = new Set(changes.flatMap(change => (change.do === 'tombstone.gone' ? [change.subject as string] : [])))
  return orphans.flatMap(({ id, machine, removing, generation, found: spec }): Change[] => {
    if (removing) {
      const parts = [machine, ...(spec?.volumes ?? []).map(volume => volume.id)]
      return parts.some(part => gone.has(part)) ? [{ do: 'operation.wake', subject: id, generation }] : []
    }
    const found = frame.changed.find(object => object.kind === 'machine' && object.id === machine)
    const isGone = found
      ? isMine(machine) || (found.kind === 'machine' && found.power === 'absent')
      : frame.base === null || frame.gone.some(key => key.id === machine)
    return isGone ? [{ do: 'orphan.gone', host, machine }] : []
  })
}
