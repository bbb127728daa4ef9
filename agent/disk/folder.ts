import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk } from '../ports/disk.ts'

const shape = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

/** The agent's files in a folder only its user may read. Writes of one file happen one after the other. */
export async function folderDisk(dir: string): Promise<Disk> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  return new FolderDisk(dir)
}

class FolderDisk implements Disk {
  readonly #dir: string
  /** Files whose names are on disk. */
  readonly #there = new Set<string>()
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(dir: string) {
    this.#dir = dir
  }

  async read(name: string): Promise<string | null> {
    try {
      return await readFile(this.#path(name), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw error
    }
  }

  append(name: string, line: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const file = await open(this.#path(name), 'a', 0o600)
      try {
        await file.appendFile(line)
        await file.datasync()
      } finally {
        await file.close()
      }
      await this.#syncFolderFor(name)
    })
  }

  replace(name: string, content: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const path = this.#path(name)
      const file = await open(`${path}.new`, 'w', 0o600)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.new`, path)
      await this.#syncFolder()
      this.#there.add(name)
    })
  }

  async #syncFolderFor(name: string): Promise<void> {
    if (this.#there.has(name)) return
    await this.#syncFolder()
    this.#there.add(name)
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#dir, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  #inTurn(name: string, write: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(write, write)
    this.#turns.set(name, turn)
    return turn
  }
  #path(name: string): string {
    if (!shape.test(name)) throw new RangeError(`no name for a file: ${name}`)
    return join(this.#dir, name)
  }
}
