import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedBackup } from '@sirocco/shared/wire/backups.ts'
import { type Delta, ObjectSet } from '@sirocco/shared/wire/delta.ts'
import type { WantedImport } from '@sirocco/shared/wire/imports.ts'
import {
  type Neighbour,
  neighboursIn,
  Wanted,
  type WantedGroup,
  type WantedMachine,
  type WantedNetwork,
  type WantedPlace,
  type WantedSnapshot,
  type WantedVolume,
} from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import type { Disk } from '../ports/disk.ts'

const File = z.strictObject({ objects: z.array(Wanted), strays: z.array(Wanted) })

/**
 * What is wanted on one host, as last told, and kept on disk. What vanished from it without a tombstone while it is still here is a
 * stray: never removed, and its networks and security groups stay for it.
 */
export class Held {
  readonly #disk: Disk
  readonly #name: string
  #objects: ObjectSet<Wanted>
  #strays: ObjectSet<Wanted>
  /** Told in several parts, the last of which is not here yet. */
  #arriving: ObjectSet<Wanted> | null = null
  /** Was anything ever told? */
  #known: boolean

  private constructor(disk: Disk, name: string, file: z.output<typeof File> | null) {
    this.#disk = disk
    this.#name = name
    this.#objects = ObjectSet.of(file?.objects ?? [])
    this.#strays = ObjectSet.of(file?.strays ?? [])
    this.#known = file !== null
  }

  /** What the disk holds; a file that does not parse counts as none, and everything is asked for again. */
  static async open(disk: Disk, name: string): Promise<Held> {
    const content = await disk.read(name)
    try {
      return new Held(disk, name, content === null ? null : (File.safeParse(JSON.parse(content)).data ?? null))
    } catch {
      return new Held(disk, name, null)
    }
  }

  /** Of all that is wanted; null where nothing was ever told. */
  get digest(): string | null {
    return this.#known ? this.#objects.digest : null
  }
  /** Has the first of several parts come, and not the last? */
  get arriving(): boolean {
    return this.#arriving !== null
  }
  machine(id: string): WantedMachine | undefined {
    return this.#objects.get('machine', id)
  }
  network(id: string): WantedNetwork | undefined {
    return this.#objects.get('network', id) ?? this.#strays.get('network', id)
  }
  machines(): WantedMachine[] {
    return this.#objects.values('machine')
  }
  networks(): WantedNetwork[] {
    return [...this.#objects.values('network'), ...this.#strays.values('network')]
  }
  /** What was last wanted of a machine that is here, and wanted no more. */
  stray(id: string): WantedMachine | undefined {
    return this.#strays.get('machine', id)
  }
  neighbours(): Neighbour[] {
    return neighboursIn(this.#objects.values('neighbours'))
  }
  groups(): WantedGroup[] {
    return [...this.#objects.values('group'), ...this.#strays.values('group')]
  }
  pools(): WantedPlace[] {
    return this.#objects.values('pool')
  }
  volume(id: string): WantedVolume | undefined {
    return this.#objects.get('volume', id)
  }
  volumes(): WantedVolume[] {
    return this.#objects.values('volume')
  }
  snapshots(): WantedSnapshot[] {
    return this.#objects.values('snapshot')
  }
  imports(): WantedImport[] {
    return this.#objects.values('import')
  }
  backups(): WantedBackup[] {
    return this.#objects.values('backup')
  }
  strayMachines(): WantedMachine[] {
    return this.#strays.values('machine')
  }

  /**
   * Takes in a change. `resync`: it is a change to something else than what is held. `part`: more is to come; `commit` takes what
   * came where nothing more does.
   */
  take(delta: Delta<Wanted>): 'resync' | 'part' | 'whole' {
    const base = this.#arriving ?? (this.#known || delta.base === null ? this.#objects : null)
    const next = base?.apply(delta) ?? null
    if (!next) {
      this.#arriving = null
      return 'resync'
    }
    this.#arriving = next
    return delta.changed.length + delta.gone.length >= limits.frameObjects ? 'part' : 'whole'
  }

  /** Drops what came in parts and never ended. */
  abandon(): void {
    this.#arriving = null
  }

  /** Makes what arrived what is wanted: on disk first. `here`: is this machine on the host? */
  async commit(here: (machine: string) => boolean): Promise<void> {
    const next = this.#arriving
    this.#arriving = null
    if (!next || (this.#known && next.digest === this.#objects.digest)) return
    const strays = ObjectSet.of(this.#straysBeside(next, here))
    const file: z.output<typeof File> = { objects: next.values(), strays: strays.values() }
    await this.#disk.replace(this.#name, JSON.stringify(file))
    this.#objects = next
    this.#strays = strays
    this.#known = true
  }

  /** What is not on the host is no stray: it may have been taken for one before the host was heard. */
  forgetStrays(here: (machine: string) => boolean): void {
    this.#strays = ObjectSet.of(this.#straysBeside(this.#objects, here))
  }

  #straysBeside(next: ObjectSet<Wanted>, here: (machine: string) => boolean): Wanted[] {
    const earlier = [...this.#strays.values(), ...this.#objects.values()]
    const vanished = earlier.filter(object => !next.get(object.kind, object.id))
    const machines = vanished.filter(object => object.kind === 'machine' && here(object.id))
    const ports = machines.flatMap(object => (object.kind === 'machine' ? object.ports : []))
    const used = new Set(ports.flatMap(({ network, groups = [] }) => [network, ...groups]))
    for (const object of earlier)
      if (object.kind === 'group' && used.has(object.id))
        for (const { group } of object.rules) if (group !== undefined) used.add(group)
    return [
      ...machines,
      ...vanished.filter(object => (object.kind === 'network' || object.kind === 'group') && used.has(object.id)),
    ]
  }
}
