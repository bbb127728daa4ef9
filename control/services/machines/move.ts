import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Host } from '../../domain/hosts/host.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import { targets } from '../../domain/migrations/movable.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { place } from '../../domain/placement/place.ts'
import type { Change } from '../../ports/changes.ts'
import { toBase64 } from '../base64.ts'
import type { Ports } from '../context.ts'

/** A host for this machine among those it could run on as it is. Only a proposal: the claim decides. */
export function placeMove(
  machine: Machine,
  source: Host,
  hosts: readonly Host[],
  { random, refused }: Pick<Ports, 'random'> & { readonly refused: ReadonlySet<Id<'host'>> },
): Result<Id<'host'>> {
  const { zone, vcpus, memoryMiB, diskMiB } = machine
  const demand = { zone, architecture: source.facts?.architecture ?? '', vcpus, memoryMiB, diskMiB }
  const placed = place(targets(hosts, source), demand, { min: 1, max: 1, refused, random })
  const [host] = placed.ok ? placed.value.hosts : []
  return host
    ? ok(host)
    : refuse('capacity', `no other host in ${zone} can take ${machine.name}: none of its kind has room and an underlay address`, {
        detail: placed.ok ? '' : (placed.fault.detail ?? ''),
      })
}

/** What begins a move: the claim on its target, the row that both hosts are told of, and the operation that pursues it. */
export async function moveChanges(
  { ids, random, secrets }: Pick<Ports, 'ids' | 'random' | 'secrets'>,
  machine: Machine,
  source: Id<'host'>,
  target: Id<'host'>,
): Promise<{ readonly operation: Id<'operation'>; readonly changes: Change[] }> {
  const migration = ids.make('migration')
  const operation = ids.make('operation')
  const secret = await secrets.seal(new Secret(toBase64(random.bytes(limits.moveSecret))), `migration|${migration}|secret`)
  const { id, project, vcpus, memoryMiB, diskMiB } = machine
  return {
    operation,
    changes: [
      { do: 'allocation.claim', id: ids.make('allocation'), consumer: migration, host: target, vcpus, memoryMiB, diskMiB },
      { do: 'migration.insert', migration: { id: migration, machine: id, project, source, target, secret } },
      {
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'migration.run',
          workflow: workflowVersions['migration.run'],
          project,
          subject: migration,
          generation: 0,
        },
      },
      { do: 'event', project, type: 'machine.move.asked', subject: id, data: { operation } },
      { do: 'host.touch', host: source },
      { do: 'host.touch', host: target },
    ],
  }
}
