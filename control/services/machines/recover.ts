import { ok } from '@sirocco/shared/kit/fault.ts'
import { recovers } from '@sirocco/shared/model/machines/states.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { MachineRefs } from '../inputs.ts'
import { write } from '../verb.ts'

/** Says what becomes of machines whose host is fenced. */
export const recoverMachines = write('machines.recover', {
  input: MachineRefs.extend({ recover: z.enum(recovers) }),
  async run({ store, scope }, { machines: refs, recover }) {
    const machines = await store.machines.find(scope, [...new Set(refs)])
    if (!machines.ok) return machines
    const others = machines.value.filter(machine => machine.recover !== recover)
    return ok({
      answer: {},
      subjects: machines.value.map(machine => machine.id),
      changes: others.flatMap(({ id, version, project }): Change[] => [
        { do: 'machine.recover', machine: id, version, recover },
        { do: 'event', project, type: 'machine.recover.set', subject: id, data: { recover } },
      ]),
    })
  },
})
