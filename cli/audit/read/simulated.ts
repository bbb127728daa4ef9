import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { disksOf } from '../expected.ts'
import type { Found } from '../item.ts'
import type { Reader } from './reader.ts'

/** The file that a simulated host is, of which only what decides. */
const State = z.object({
  machines: z.record(
    z.string(),
    z.object({
      instance: z.string(),
      id: z.string(),
      power: z.string(),
      memoryMiB: z.number(),
      disks: z.array(z.object({ volume: z.string(), device: z.string() })),
    }),
  ),
  stores: z.record(
    z.string(),
    z.object({
      images: z.record(z.string(), z.number()),
      volumes: z.record(z.string(), z.object({ base: z.string(), mib: z.number() })),
      snapshots: z.record(z.string(), z.object({ volume: z.string() })),
      networks: z.record(
        z.string(),
        z.object({
          bridge: z.string(),
          cidr: z.string(),
          ports: z.array(z.string()),
          vni: z.number().optional(),
          neighbours: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
})

/** A simulated host: what its state file says. */
export const simulated: Reader = {
  kinds: ['machine', 'volume', 'snapshot', 'image', 'bridge', 'tunnel', 'neighbour', 'port'],
  async read({ folder, instance }, host) {
    const where = join(folder, `simulated-${host}.json`)
    const state = await stateIn(where)
    if (!state.ok) return state
    const { machines, stores } = state.value
    const { images, volumes, snapshots, networks } = stores[instance] ?? { images: {}, volumes: {}, snapshots: {}, networks: {} }
    return ok([
      ...Object.values(machines)
        .filter(machine => machine.instance === instance)
        .map(({ id, power, memoryMiB, disks }): Found => {
          const has = disks.map(({ volume, device }) => ({ id: volume, attached: { device } }))
          return { kind: 'machine', id, facts: { power, memoryMiB, disks: disksOf(has) }, where }
        }),
      ...Object.entries(volumes).map(([id, { mib, base }]): Found => ({ kind: 'volume', id, facts: { mib, base }, where })),
      ...Object.entries(snapshots).map(([id, { volume }]): Found => ({ kind: 'snapshot', id, facts: { volume }, where })),
      ...Object.entries(images).map(([id, bytes]): Found => ({ kind: 'image', id, facts: { bytes }, where, spare: true })),
      ...Object.entries(networks).map(([id, { cidr }]): Found => ({ kind: 'bridge', id, facts: { cidr }, where })),
      ...Object.entries(networks).flatMap(([id, { vni }]): Found[] =>
        vni === undefined ? [] : [{ kind: 'tunnel', id, facts: { vni }, where }],
      ),
      ...Object.entries(networks).flatMap(([network, { neighbours }]) =>
        Object.entries(neighbours).map(([id, via]): Found => ({ kind: 'neighbour', id, facts: { network, via }, where })),
      ),
      ...Object.entries(networks).flatMap(([network, { ports }]) =>
        ports.map((id): Found => ({ kind: 'port', id, facts: { network }, where })),
      ),
    ])
  },
}

/** A host on which nothing ever was has no file yet. */
async function stateIn(file: string): Promise<Result<z.output<typeof State>>> {
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch {
    return ok({ machines: {}, stores: {} })
  }
  const state = State.safeParse(JSON.parse(content))
  return state.success ? ok(state.data) : refuse('internal', `${file} is of a form that this version does not know`)
}
