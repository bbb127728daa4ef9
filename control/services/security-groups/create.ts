import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { allOut, type NewSecurityGroup } from '../../domain/security/group.ts'
import { Ref, Tags } from '../inputs.ts'
import { type Decision, write } from '../verb.ts'
import { Description, GroupName } from './inputs.ts'
import { networkNamed } from './network-named.ts'

const Input = z.object({
  name: GroupName,
  description: Description.default(''),
  /** The project's default network where it is left out. */
  network: Ref.optional(),
  /** Of which region the default network is. */
  region: z.string().max(64).optional(),
  tags: Tags.default({}),
})

/** Makes a security group that lets everything out and nothing in. */
export const createSecurityGroup = write('security-groups.create', {
  input: Input,
  async run(context, { name, description, network: ref, region, tags }) {
    const { store, ids, random } = context
    const { project } = context.principal
    const network = await networkNamed(context, ref, region)
    if (!network.ok) return network
    const same = await store.securityGroups.ofNetwork(network.value.id, [name])
    if (same.ok)
      return refuse('already_exists', `the network has a security group ${name} already; choose another name`, { field: 'name' })
    if (same.fault.code !== 'not_found') return same
    const group: NewSecurityGroup = {
      id: ids.make('securityGroup'),
      alias: `sg-${hex(random, 17)}`,
      project,
      network: network.value.id,
      name,
      description,
      isDefault: false,
    }
    const decision: Decision<{ readonly group: NewSecurityGroup['id'] }> = {
      answer: { group: group.id },
      subjects: [group.id],
      changes: [
        { do: 'security-group.insert', group, rules: allOut(context), limit: limits.securityGroups },
        ...Object.entries(tags).map(([key, value]) => ({ do: 'tag.set', project, resource: group.id, key, value }) as const),
        { do: 'event', project, type: 'security-group.made', subject: group.id },
      ],
    }
    return ok(decision)
  },
})
