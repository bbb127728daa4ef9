import { createHash } from 'node:crypto'
import { access, chmod, open, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import type { ImageFile, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { MachineFiles } from '../ports/compute.ts'
import type { Storage } from '../ports/storage.ts'
import { type Run, run as runHere } from '../programs/run.ts'
import { createOverlay, sizeOfBase } from './disk-image.ts'
import { makeDirectory, settle } from './files.ts'
import { iso9660 } from './iso9660.ts'
import { seedFiles } from './seed.ts'

export interface DirectoryOptions {
  /** Of this instance alone. */
  readonly dir: string
  readonly run?: Run
}

const machineShape = /^[A-Za-z0-9_-]{1,64}$/
const contentShape = /^[0-9a-f]{64}$/
/** Of a seed and what is in it: the same for ever, so that the same content is the same file. */
const seedDate = new Date('2026-01-01T00:00:00Z')

/** What the file system refuses, as a fault. */
const codes: Readonly<Record<string, readonly ['capacity' | 'unavailable', string]>> = {
  ENOSPC: ['capacity', "the host's storage is full"],
  EDQUOT: ['capacity', "the host's storage is full"],
  EIO: ['unavailable', "the host's storage does not answer"],
  EROFS: ['unavailable', "the host's storage is read-only"],
}

function fileFault(error: unknown): Refused {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const detail = error instanceof Error ? error.message : String(error)
  const [fault, message] = codes[code] ?? ['internal', "the host's storage failed"]
  return refuse(fault, message, { detail })
}

/** What comes without an error number comes from whoever yields the bytes. */
const fetchFault = (error: unknown): Refused =>
  error instanceof Error && 'syscall' in error
    ? fileFault(error)
    : refuse('unavailable', 'the image could not be fetched', { detail: error instanceof Error ? error.message : String(error) })

/**
 * Images and machines' disks in a directory: `images/<sha256>`, `machines/<id>/{disk.qcow2,seed.iso}`. Files are for root alone (0600):
 * libvirt hands those of a machine to QEMU's own user when it starts (its dynamic ownership), and directories let that user pass.
 */
export function directoryStorage({ dir, run = runHere }: DirectoryOptions): Storage {
  return new DirectoryStorage(resolve(dir), run)
}

class DirectoryStorage implements Storage {
  readonly #images: string
  readonly #machines: string
  readonly #dir: string
  readonly #run: Run
  /** What is under way for a machine or an image; its next verb waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /**
   * What images that passed as a base are to the guest, in bytes, by content and format: at most so many as there are files, since those
   * never change.
   */
  readonly #bases = new Map<string, number>()
  #swept: Promise<void> | null = null

  constructor(dir: string, run: Run) {
    this.#dir = dir
    this.#images = join(dir, 'images')
    this.#machines = join(dir, 'machines')
    this.#run = run
  }

  has(sha256: string): Promise<boolean> {
    return contentShape.test(sha256) ? isThere(join(this.#images, sha256)) : Promise.resolve(false)
  }

  keep(file: { sha256: string; bytes: number }, fetch: AsyncIterable<Uint8Array>): Promise<Result<void>> {
    if (!contentShape.test(file.sha256)) return Promise.resolve(refuse('invalid', 'an image file is named by its SHA-256'))
    return this.#inTurn(file.sha256, async () => {
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

  prepare(machine: WantedMachine): Promise<Result<MachineFiles>> {
    if (!machineShape.test(machine.id)) return Promise.resolve(refuse('invalid', 'not a machine id'))
    return this.#inTurn(machine.id, async () => {
      const { files } = machine.image
      const image = files.find(({ role }) => role === 'disk')
      if (!image) return refuse('invalid', 'the image has no disk')
      for (const { sha256 } of files)
        if (!(await this.has(sha256))) return refuse('precondition', 'the image is not on this host', { detail: sha256 })
      const home = join(this.#machines, machine.id)
      const paths = { disk: join(home, 'disk.qcow2'), seed: join(home, 'seed.iso') }
      const there = await isThere(paths.disk)
      const checked = there ? ok(undefined) : await this.#checkBase(image, machine.diskMiB)
      if (!checked.ok) return checked
      await makeDirectory(home)
      // Side by side, since both wait for the disk; both have ended before the next verb for this machine begins.
      const [disk, seed] = await Promise.all([
        there ? ok(undefined) : this.#makeDisk(paths.disk, image, machine.diskMiB).catch(fileFault),
        this.#makeSeed(paths.seed, machine).catch(fileFault),
      ])
      if (!disk.ok) {
        await rm(home, { recursive: true, force: true })
        return disk
      }
      if (!seed.ok) return seed
      const nvram = machine.firmware === 'uefi' ? { nvram: join(home, 'nvram.fd') } : {}
      return ok({ ...paths, ...nvram, ...this.#directBoot(files) })
    })
  }

  remove(machine: string): Promise<Result<void>> {
    if (!machineShape.test(machine)) return Promise.resolve(ok(undefined))
    return this.#inTurn(machine, async () => {
      await rm(join(this.#machines, machine), { recursive: true, force: true })
      return ok(undefined)
    })
  }

  async list(): Promise<Result<readonly string[]>> {
    try {
      return ok((await readdir(this.#machines)).filter(name => machineShape.test(name)))
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? ok([]) : fileFault(error)
    }
  }

  async capacityMiB(): Promise<number> {
    await makeDirectory(this.#dir)
    const { blocks, bsize } = await statfs(this.#dir)
    return Math.floor((blocks * bsize) / MiB)
  }

  async #checkBase(image: ImageFile, diskMiB: number): Promise<Result<void>> {
    const known = `${image.sha256} ${image.format}`
    const remembered = this.#bases.get(known)
    const size =
      remembered === undefined ? await sizeOfBase(this.#run, join(this.#images, image.sha256), image.format) : ok(remembered)
    if (!size.ok) return size
    this.#bases.set(known, size.value)
    if (size.value <= diskMiB * MiB) return ok(undefined)
    return refuse('invalid', `the image needs a disk of ${Math.ceil(size.value / MiB)} MiB, the machine has ${diskMiB}`)
  }

  async #makeDisk(path: string, image: ImageFile, diskMiB: number): Promise<Result<void>> {
    const making = `${path}.making`
    await rm(making, { force: true })
    const made = await createOverlay(this.#run, making, join(this.#images, image.sha256), image, diskMiB)
    if (!made.ok) return made
    await chmod(making, 0o600)
    await settle(making, path)
    return ok(undefined)
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

  async #inTurn<T>(what: string, run: () => Promise<Result<T>>): Promise<Result<T>> {
    const before = this.#turns.get(what) ?? Promise.resolve()
    const mine = before.then(() => run().catch(fileFault))
    this.#turns.set(what, mine)
    const result = await mine
    if (this.#turns.get(what) === mine) this.#turns.delete(what)
    return result
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

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
