import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { GroupRefs } from '../security-groups/inputs.ts'
import { touched } from '../security-groups/touched.ts'
import { write } from '../verb.ts'

/** Puts a machine's network interface into these security groups, and into no other; open connections that they do not let through are cut. */
export const setMachineGroups = write('machines.set-groups', {
  input: z.object({ machine: Ref, groups: GroupRefs.min(1, 'a network interface is in at least one security group') }),
  async run(context, { machine: ref, groups: refs }) {
    const { store, scope } = context
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    const port = machine?.ports[0]
    if (!machine || !port) return refuse('precondition', 'the machine has no network interface')
    const groups = await store.securityGroups.ofNetwork(port.network, refs)
    if (!groups.ok) return groups
    const now = new Set(port.groups.map(({ id }) => id))
    const next = new Set(groups.value.map(({ id }) => id))
    const differing = [...now, ...next].filter(id => now.has(id) !== next.has(id))
    if (differing.length === 0) return ok({ answer: { machine: machine.id }, subjects: [machine.id], changes: [] })
    const touching = await touched(
      context,
      'members',
      differing.map(id => ({ id })),
    )
    if (!touching.ok) return touching
    return ok({
      answer: { machine: machine.id },
      subjects: [machine.id],
      changes: [
        { do: 'machine.holds', machine: machine.id, version: machine.version },
        { do: 'security-group.holds', groups: [...next] },
        { do: 'port-group.set', port: port.id, groups: [...next] },
        ...(machine.host === null ? [] : [{ do: 'host.touch', host: machine.host } as const]),
        touching.value,
        { do: 'event', project: machine.project, type: 'machine.groups.set', subject: machine.id },
      ],
    })
  },
})
