import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { intend } from '../domain/machines/intend.ts'
import { stateOfMachine } from '../domain/machines/machine.ts'
import type { Change } from '../ports/changes.ts'
import { emptying } from '../services/hosts/emptying.ts'
import { intentChanges } from '../services/machines/intent-changes.ts'
import { moveChanges } from '../services/machines/move.ts'
import { pokeFor } from '../services/poke.ts'
import { done, park, type Workflow } from './engine.ts'

/**
 * From an accepted maintenance to a host on which nothing runs. Looks at all that is left each time it is woken: a few machines move at once,
 * those that cannot are stopped one after the other where that was asked for.
 */
export const hostMaintain: Workflow<'host'> = {
  kind: 'host.maintain',
  version: 1,
  steps: [
    {
      name: 'empty',
      async run({ world, subject, operation }) {
        const looked = await emptying(world, subject.id, operation.createdAt)
        if (!looked.ok) return looked.fault.code === 'not_found' ? looked : park(looked.fault.message)
        const { host, fates, moving, zone } = looked.value
        const left = fates.filter(fate => fate.do !== 'stays')
        if (left.length === 0 && moving.length === 0)
          return done(
            {
              do: 'host.maintenance',
              host: host.id,
              generation: host.generation,
              maintenance: 'in',
              accepting: false,
              intent: false,
            },
            { do: 'event', project: null, type: 'host.in-maintenance', subject: host.id, data: { operation: operation.id } },
          )

        const batches: Change[][] = []
        for (const fate of left
          .filter(one => one.do === 'moves')
          .slice(0, Math.max(0, limits.maintenanceMoves - moving.length))) {
          const group = zone.groups.get(fate.machine.placementGroup)?.group ?? null
          batches.push((await moveChanges(world, fate.machine, { group, source: host.id, target: fate.target })).changes)
        }
        const stops = left.filter(fate => fate.do === 'stops')
        const [next] = stops
        const stopping = stops.some(({ machine }) => stateOfMachine(machine) === 'stopping')
        if (next && host.maintenance === 'stopping' && !stopping) {
          const intent = intend('stop', next.machine, 'off')
          if (intent.ok && intent.value)
            batches.push([
              ...intentChanges(next.machine, 'machine.stop', intent.value, world.ids.make('operation')),
              { do: 'maintenance-stop.insert', host: host.id, machine: next.machine.id },
              { do: 'host.touch', host: host.id },
            ])
        }
        for (const changes of batches) {
          // One whose claim was refused, or that changed meanwhile, is looked at again.
          const written = await world.store.commit(changes)
          if (written.ok) pokeFor(world.pokes, changes)
        }
        const remaining = say('waiting.emptying', { count: String(left.length + moving.length), name: host.name })
        return park(next && host.maintenance === 'moving' ? `${remaining.text} (${next.why.message})` : remaining)
      },
    },
  ],
}
