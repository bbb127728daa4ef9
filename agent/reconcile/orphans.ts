import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedMachine } from '@sirocco/shared/wire/objects.ts'
import { FoundSpec } from '@sirocco/shared/wire/orphans.ts'
import type { Compute, FoundMachine } from '../ports/compute.ts'
import type { Volumes } from '../ports/volumes.ts'
import type { Journal } from './journal.ts'

export interface OrphansParts {
  readonly compute: Compute
  readonly volumes: Volumes
  readonly journal: Journal
  /** What was last wanted of a machine that vanished from what is wanted. */
  stray(id: string): WantedMachine | undefined
}

/** Machines that are here and nobody asks for: what each is made of, told to an admin who chooses what becomes of it. Nothing is done to them. */
export class Orphans {
  readonly #parts: OrphansParts
  readonly #known = new Map<string, { readonly run: string; readonly spec: FoundSpec }>()

  constructor(parts: OrphansParts) {
    this.#parts = parts
  }

  of(id: string): FoundSpec | undefined {
    return this.#known.get(id)?.spec
  }
  forget(id: string): void {
    this.#known.delete(id)
  }

  /** Reads what it is made of, once for each run of it; true where there is something new to say. */
  async look({ id, shape, power, run }: FoundMachine): Promise<Result<boolean>> {
    const at = [shape, power, run].join(' ')
    if (this.#known.get(id)?.run === at) return ok(false)
    const { compute, journal, stray } = this.#parts
    const described = await compute.describe(id)
    if (!described.ok) return described
    const volumes = await this.#volumesOf(id)
    if (!volumes.ok) return volumes
    const { macs, ...made } = described.value
    const before = stray(id)
    const spec = FoundSpec.safeParse({
      ...made,
      generation: Math.max(journal.facts(id)?.generation ?? -1, before?.generation ?? -1),
      ...(before && before.image.id !== '' ? { image: before.image.id } : {}),
      ports: macs.slice(0, limits.orphanParts).map(mac => {
        const port = before?.ports.find(one => one.mac === mac)
        return port ? { mac, id: port.id, network: port.network, address: port.address } : { mac }
      }),
      volumes: volumes.value.slice(0, limits.orphanParts),
    })
    // Not to be told over the wire: it is seen, and nothing is known of it.
    if (!spec.success) return ok(false)
    this.#known.set(id, { run: at, spec: spec.data })
    return ok(true)
  }

  /** Its disks that are volumes of this instance, here. */
  async #volumesOf(id: string): Promise<Result<FoundSpec['volumes']>> {
    const { compute, volumes, journal } = this.#parts
    const disks = await compute.disks(id)
    if (!disks.ok) return disks
    const found: FoundSpec['volumes'] = []
    for (const { volume, device, path } of disks.value) {
      if (volume === '') continue
      const here = await volumes.find({ id: volume, pool: { type: 'directory', id: '' } })
      if (!here.ok) return here
      if (here.value === null || here.value.source.path !== path) continue
      const { sizeMiB, pool } = here.value
      found.push({
        ...{ id: volume, device, sizeMiB, generation: journal.kept(volume)?.applied ?? -1 },
        ...(pool === undefined ? {} : { pool }),
      })
    }
    return ok(found)
  }
}
