import type { Ids } from '@sirocco/shared/kit/id.ts'
import type { Machine } from '../domain/machines/machine.ts'
import type { Change } from '../ports/changes.ts'
import { intentChanges } from '../services/machines/intent-changes.ts'

/** What starts a machine again whose disks were changed while it was off: a newer intent, pursued by an operation of its own. */
export function bootAnew(machine: Machine, version: number, ids: Ids): Change[] {
  const { id, generation, host } = machine
  const intent = { machine: id, version, generation: generation + 1, power: 'on' } as const
  return [
    ...intentChanges(machine, 'machine.start', intent, ids.make('operation')),
    ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
  ]
}
