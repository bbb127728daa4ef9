import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isThere, makeDirectory, namesIn, settle, syncDirectory } from './files.ts'
import { idShape } from './layers.ts'
import { cephHeld, cephRoom, type RbdPool } from './rbd.ts'

/** Which volumes in Ceph this host holds, and of which volume each snapshot is that was taken here: files of their names. */
export class RbdHeld {
  readonly #own: string

  constructor(own: string) {
    this.#own = own
  }

  async holds({ id }: RbdPool, volume: string): Promise<boolean> {
    return idShape.test(volume) && (await isThere(join(cephHeld(this.#own, id), volume)))
  }

  async hold(pool: RbdPool, volume: string): Promise<void> {
    if (await this.holds(pool, volume)) return
    const held = cephHeld(this.#own, pool.id)
    await makeDirectory(held)
    await writeFile(join(held, volume), '', { mode: 0o600 })
    await syncDirectory(held)
  }

  async letGo(pool: RbdPool, volume: string): Promise<void> {
    for (const snapshot of await namesIn(this.#notes(pool)))
      if ((await this.volumeOf(pool, snapshot)) === volume) await this.dropNote(pool, snapshot)
    await rm(join(cephHeld(this.#own, pool.id), volume), { force: true })
  }

  /** Whoever makes a volume from a snapshot says that alone. */
  async note(pool: RbdPool, snapshot: string, volume: string): Promise<void> {
    if ((await this.volumeOf(pool, snapshot)) === volume) return
    await makeDirectory(this.#notes(pool))
    const note = join(this.#notes(pool), snapshot)
    await writeFile(`${note}.making`, volume, { mode: 0o600 })
    await settle(`${note}.making`, note)
  }
  dropNote(pool: RbdPool, snapshot: string): Promise<void> {
    return rm(join(this.#notes(pool), snapshot), { force: true })
  }
  async volumeOf(pool: RbdPool, snapshot: string): Promise<string | null> {
    return idShape.test(snapshot) ? readFile(join(this.#notes(pool), snapshot), 'utf8').catch(() => null) : null
  }

  /** Forgets how other pools than these are reached, where nothing here lies in them. */
  async keepOnly(pools: readonly string[]): Promise<void> {
    for (const id of await namesIn(cephRoom(this.#own)))
      if (!pools.includes(id) && (await namesIn(cephHeld(this.#own, id))).length === 0)
        await rm(join(cephRoom(this.#own), id), { recursive: true, force: true })
  }

  #notes({ id }: RbdPool): string {
    return join(dirname(cephHeld(this.#own, id)), 'snapshots')
  }
}
