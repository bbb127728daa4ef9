import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Found } from '../item.ts'
import type { Reader } from './reader.ts'

/** The file that a simulated host is, of which only what decides. */
const State = z.object({
  machines: z.record(z.string(), z.object({ instance: z.string(), id: z.string(), power: z.string(), memoryMiB: z.number() })),
  stores: z.record(
    z.string(),
    z.object({
      images: z.record(z.string(), z.number()),
      disks: z.record(z.string(), z.object({ image: z.string(), mib: z.number() })),
      networks: z.record(z.string(), z.object({ bridge: z.string(), cidr: z.string(), ports: z.array(z.string()) })),
    }),
  ),
})

/** A simulated host: what its state file says. */
export const simulated: Reader = {
  kinds: ['machine', 'disk', 'image', 'bridge', 'port'],
  async read({ folder, instance }, host) {
    const where = join(folder, `simulated-${host}.json`)
    const state = await stateIn(where)
    if (!state.ok) return state
    const { machines, stores } = state.value
    const { images, disks, networks } = stores[instance] ?? { images: {}, disks: {}, networks: {} }
    return ok([
      ...Object.values(machines)
        .filter(machine => machine.instance === instance)
        .map(({ id, power, memoryMiB }): Found => ({ kind: 'machine', id, facts: { power, memoryMiB }, where })),
      ...Object.entries(disks).map(([id, { mib, image }]): Found => ({ kind: 'disk', id, facts: { mib, base: image }, where })),
      ...Object.entries(images).map(([id, bytes]): Found => ({ kind: 'image', id, facts: { bytes }, where, spare: true })),
      ...Object.entries(networks).map(([id, { cidr }]): Found => ({ kind: 'bridge', id, facts: { cidr }, where })),
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
