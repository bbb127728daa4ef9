import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { z } from 'zod'
import type { Membership } from '../../domain/access/member.ts'
import { freeBlock } from '../../domain/networks/range.ts'
import { defaultGroup } from '../../domain/security/group.ts'
import type { FirstNetwork } from '../../ports/tenancy.ts'
import { type Context, type Decision, write } from '../verb.ts'

/** Of a project's default network in a zone. */
const subnetPrefix = 20

/** A project with a default network in every region; who makes it is its first member, as what they are: an admin. */
export const makeProject = write('projects.make', {
  input: z.object({
    name: z.string().regex(/^[a-z][a-z0-9-]{1,62}$/, 'a project is named by 2 to 63 of a-z, 0-9 and -, the first one a letter'),
  }),
  async run(context, { name }) {
    const { store, ids, random, principal } = context
    const same = await store.images.projects([name])
    if (same.ok) return refuse('already_exists', `there is a project ${name} already; choose another name`, { field: 'name' })
    if (same.fault.code !== 'not_found') return same
    const ground = await store.tenancy.ground()
    if (!ground.ok) return ground
    const project = ids.make('project')
    const networks = networksOn(project, ground.value, context)
    if (networks === null)
      return refuse('capacity', 'an address pool has no range left for a new project; the zone needs a larger one')
    const account = Array.from(random.bytes(12), byte => String(byte % 10)).join('')
    const decision: Decision<Membership> = {
      answer: { project, name, account, role: 'admin' },
      subjects: [project],
      changes: [
        { do: 'project.insert', project: { id: project, name, account }, networks },
        { do: 'membership.insert', project, user: principal.user, role: 'admin' },
        { do: 'event', project, type: 'project.made', subject: project },
      ],
    }
    return ok(decision)
  },
})

type Ground = { readonly region: FirstNetwork['region']; readonly zone: FirstNetwork['subnets'][number]['zone'] } & {
  readonly pools: readonly string[]
  readonly taken: readonly string[]
}

/** null where a zone has no range left. */
function networksOn(project: Id<'project'>, ground: readonly Ground[], { ids, random }: Context): FirstNetwork[] | null {
  const networks: FirstNetwork[] = []
  for (const [region, zones] of Map.groupBy(ground, row => row.region)) {
    const subnets = zones.flatMap(({ zone, pools, taken }) => {
      const cidr = pools.map(pool => freeBlock(pool, subnetPrefix, taken)).find(block => block !== null)
      return cidr === undefined ? [] : [{ id: ids.make('subnet'), alias: `subnet-${hex(random, 17)}`, zone, cidr }]
    })
    if (subnets.length < zones.length) return null
    const id = ids.make('network')
    networks.push({
      id,
      alias: `vpc-${hex(random, 17)}`,
      region,
      subnets,
      defaultGroup: defaultGroup({ ids, random }, { project, network: id, isDefaultNetwork: true }),
    })
  }
  return networks
}
