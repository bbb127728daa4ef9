import type { Power, SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { Change } from '../ports/changes.ts'
import type { StepContext } from './engine.ts'

/** What wanting nothing but what is there means. */
const wish: Record<SeenPower, Power> = {
  running: 'on',
  paused: 'paused',
  stopping: 'off',
  stopped: 'off',
  suspended: 'suspended',
  crashed: 'off',
  absent: 'off',
}

/** What was wanted cannot be had: from here on the machine is wanted as it is, so that nothing comes over it later unasked. */
export function wantedAsSeen({ subject: machine, operation }: StepContext): Change[] {
  const power = wish[machine.observed?.power ?? 'absent']
  if (power === machine.power || machine.generation !== operation.generation) return []
  const { id, version, generation, project, host } = machine
  return [
    { do: 'machine.intent', machine: id, version, generation: generation + 1, power },
    ...(host === null ? [] : [{ do: 'host.touch', host } as const]),
    { do: 'event', project, type: 'machine.kept', subject: id, data: { operation: operation.id, power } },
  ]
}
