import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, readFile, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import type { ImageFile, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { MachineFiles } from '../ports/compute.ts'
import type { Storage } from '../ports/storage.ts'
import { fileFault, makeDirectory, namesIn, settle } from './files.ts'
import { InTurn } from './in-turn.ts'
import { iso9660 } from './iso9660.ts'
import { seedFiles } from './seed.ts'

export interface DirectoryOptions {
  /** Of this instance alone. */
  readonly dir: string
}

const machineShape = /^[A-Za-z0-9_-]{1,64}$/
const contentShape = /^[0-9a-f]{64}$/
/** Of a seed and what is in it: the same for ever, so that the same content is the same file. */
const seedDate = new Date('2026-01-01T00:00:00Z')

/** What comes without an error number comes from whoever yields the bytes. */
const fetchFault = (error: unknown): Refused =>
  error instanceof Error && 'syscall' in error
    ? fileFault(error)
    : refuse('unavailable', 'the image could not be fetched', { detail: error instanceof Error ? error.message : String(error) })

/**
 * Images and what is a machine's own in a directory: `images/<sha256>`, `machines/<id>/seed.iso`. Files are for root alone (0600):
 * libvirt hands those of a machine to QEMU's own user when it starts (its dynamic ownership), and directories let that user pass.
 */
export function directoryStorage({ dir }: DirectoryOptions): Storage {
  return new DirectoryStorage(resolve(dir))
}

class DirectoryStorage implements Storage {
  readonly #images: string
  readonly #machines: string
  readonly #dir: string
  /** What is under way for a machine or an image; its next verb waits for it. */
  readonly #turns = new InTurn()

  #swept: Promise<void> | null = null
  /** Whether an image's bytes are those of its name, as it was when they were read. */
  readonly #read = new Map<string, { readonly written: string; readonly right: Promise<boolean> }>()

  constructor(dir: string) {
    this.#dir = dir
    this.#images = join(dir, 'images')
    this.#machines = join(dir, 'machines')
  }

  /** Its bytes are read once in a life of the agent, and again when it was written since: what a disk made of them is fetched anew. */
  async has(sha256: string): Promise<boolean> {
    if (!contentShape.test(sha256)) return false
    const path = join(this.#images, sha256)
    const there = await stat(path, { bigint: true }).catch(() => null)
    if (there === null) return false
    const written = `${there.ino} ${there.size} ${there.mtimeNs}`
    const known = this.#read.get(sha256)
    if (known?.written === written) return known.right
    const right = digestOf(path).then(digest => digest === sha256)
    this.#read.set(sha256, { written, right })
    // One that could not be read is tried again.
    right.catch(() => this.#read.delete(sha256))
    return right
  }

  keep(file: { sha256: string; bytes: number }, fetch: AsyncIterable<Uint8Array>): Promise<Result<void>> {
    if (!contentShape.test(file.sha256)) return Promise.resolve(refuse('invalid', 'an image file is named by its SHA-256'))
    return this.#turns.take(file.sha256, async () => {
      if (await this.has(file.sha256)) return ok(undefined)
      await makeDirectory(this.#images)
      await (this.#swept ??= this.#sweep())
      const making = join(this.#images, `${file.sha256}.making`)
      const written = await writeChecked(making, file, fetch).catch(fetchFault)
      if (written.ok) await settle(making, join(this.#images, file.sha256))
      else await rm(making, { force: true })
      return written
    })
  }

  images(): Promise<Result<readonly { sha256: string; bytes: number }[]>> {
    return this.#turns.take('', async () => {
      const names = (await namesIn(this.#images)).filter(name => contentShape.test(name))
      const sizes = await Promise.all(names.map(name => stat(join(this.#images, name)).catch(() => null)))
      return ok(names.flatMap((sha256, i) => (sizes[i] ? [{ sha256, bytes: sizes[i].size }] : [])))
    })
  }

  dropImage(sha256: string): Promise<Result<void>> {
    if (!contentShape.test(sha256)) return Promise.resolve(refuse('invalid', 'an image file is named by its SHA-256'))
    return this.#turns.take(sha256, async () => {
      await rm(join(this.#images, sha256), { force: true })
      this.#read.delete(sha256)
      return ok(undefined)
    })
  }

  async room(): Promise<{ totalBytes: number; freeBytes: number }> {
    await makeDirectory(this.#dir)
    const { blocks, bavail, bsize } = await statfs(this.#dir)
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize }
  }

  prepare(machine: WantedMachine): Promise<Result<MachineFiles>> {
    if (!machineShape.test(machine.id)) return Promise.resolve(refuse('invalid', 'not a machine id'))
    return this.#turns.take(machine.id, async () => {
      const { files } = machine.image
      for (const { sha256 } of files)
        if (!(await this.has(sha256))) return refuse('precondition', 'the image is not on this host', { detail: sha256 })
      const home = join(this.#machines, machine.id)
      const seed = join(home, 'seed.iso')
      await makeDirectory(home)
      await this.#makeSeed(seed, machine)
      const nvram = machine.firmware === 'uefi' ? { nvram: join(home, 'nvram.fd') } : {}
      return ok({ seed, ...nvram, ...this.#directBoot(files) })
    })
  }

  remove(machine: string): Promise<Result<void>> {
    if (!machineShape.test(machine)) return Promise.resolve(ok(undefined))
    return this.#turns.take(machine, async () => {
      const home = join(this.#machines, machine)
      // A disk from before there were volumes is its volume's.
      const ours = (await namesIn(home)).filter(name => name !== 'disk.qcow2')
      await Promise.all(ours.map(name => rm(join(home, name), { recursive: true, force: true })))
      await rmdir(home).catch(() => undefined)
      return ok(undefined)
    })
  }

  list(): Promise<Result<readonly string[]>> {
    return this.#turns.take('', async () => ok((await namesIn(this.#machines)).filter(name => machineShape.test(name))))
  }

  async capacityMiB(): Promise<number> {
    await makeDirectory(this.#dir)
    const { blocks, bsize } = await statfs(this.#dir)
    return Math.floor((blocks * bsize) / MiB)
  }

  /** The seed follows what is wanted: it is made again when that has changed, which a guest sees at its next boot. */
  async #makeSeed(path: string, machine: WantedMachine): Promise<Result<void>> {
    const files = Object.entries(seedFiles(machine)).map(([name, content]) => ({ name, bytes: Buffer.from(content) }))
    const wanted = iso9660('cidata', files, seedDate)
    if ((await readFile(path).catch(() => null))?.equals(wanted)) return ok(undefined)
    const making = `${path}.making`
    await rm(making, { force: true })
    try {
      await writeFile(making, wanted, { mode: 0o600 })
      await settle(making, path)
      return ok(undefined)
    } finally {
      await rm(making, { force: true })
    }
  }

  /** What an earlier life left half-written is of no use to anybody. */
  async #sweep(): Promise<void> {
    const halves = (await readdir(this.#images)).filter(name => name.endsWith('.making'))
    await Promise.all(halves.map(name => rm(join(this.#images, name), { force: true })))
  }

  #directBoot(files: readonly ImageFile[]): Pick<MachineFiles, 'kernel' | 'initrd'> {
    const pathOf = (role: 'kernel' | 'initrd') => {
      const file = files.find(found => found.role === role)
      return file ? { [role]: join(this.#images, file.sha256) } : {}
    }
    return { ...pathOf('kernel'), ...pathOf('initrd') }
  }
}

/** Writes what `fetch` yields as long as it can still be what was promised. */
async function writeChecked(
  path: string,
  promised: { sha256: string; bytes: number },
  fetch: AsyncIterable<Uint8Array>,
): Promise<Result<void>> {
  const file = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of fetch) {
      bytes += chunk.length
      if (bytes > promised.bytes) break
      hash.update(chunk)
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  if (bytes !== promised.bytes) return refuse('invalid', `the image has another length than the promised ${promised.bytes} bytes`)
  if (hash.digest('hex') !== promised.sha256) return refuse('invalid', 'the image has other bytes than promised')
  return ok(undefined)
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
