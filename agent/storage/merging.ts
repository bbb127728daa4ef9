import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Merge, MergeOptions } from '../ports/volumes.ts'
import type { RunConfined } from '../programs/sandbox.ts'
import { Chains } from './chains.ts'
import { programFault } from './disk-image.ts'
import { settle, syncDirectory, syncFile } from './files.ts'
import type { InTurn } from './in-turn.ts'
import { layersOf } from './layers.ts'

const interrupted = 'merging its files was put off'

interface Work {
  readonly merge: Merge
  readonly abort: AbortController
  readonly ended: Promise<unknown>
}

const noteOf = (over: string): string => over.replace(/qcow2$/, 'merging')
const volumeOf = (path: string): string => basename(dirname(path))

/** Says of a file that it stands on another, which shows the same as the one it stood on. */
async function moveOnto(run: RunConfined, path: string, onto: string): Promise<Result<void>> {
  const args = ['rebase', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', onto, path]
  const ran = await run('qemu-img', args, { changes: true, fileBytes: limits.volumeMiB * MiB * 2, timeout: limits.program })
  if (ran.code !== 0) return programFault('mending its files', ran)
  await syncFile(path)
  return ok(undefined)
}

/**
 * Makes one file of two where nobody needs the lower one apart any more. While no guest has them open the upper one is written down into the lower,
 * which then takes its name at once; while one has, its hypervisor writes down, but never what the guest itself writes to: QEMU says of that file that it
 * stands alone before all that it took in is on disk. Whatever dies in between, what every file shows is what it showed before.
 */
export class Merging {
  readonly #dir: string
  readonly #run: RunConfined
  readonly #turns: InTurn
  readonly #clear: () => Promise<Result<void>>
  readonly #works = new Set<Work>()

  /** `clear` removes files that nothing stands on, in the turn of all chains. */
  constructor(dir: string, run: RunConfined, turns: InTurn, clear: () => Promise<Result<void>>) {
    this.#dir = dir
    this.#run = run
    this.#turns = turns
    this.#clear = clear
  }

  /** Registers before it returns for the first time, so that `still` misses none. */
  merge(merge: Merge, options: MergeOptions): Promise<Result<void>> {
    const touched = ({ merge: other }: Work) => [other.under, other.over].some(one => one === merge.under || one === merge.over)
    if ([...this.#works].some(touched)) return Promise.resolve(refuse('unavailable', 'its files are being merged already'))
    const abort = new AbortController()
    const cancel = () => abort.abort()
    options.cancel.addEventListener('abort', cancel, { once: true })
    if (options.cancel.aborted) cancel()
    const ended = this.#merge(merge, { ...options, cancel: abort.signal })
    const work: Work = { merge, abort, ended }
    this.#works.add(work)
    return ended.finally(() => {
      this.#works.delete(work)
      options.cancel.removeEventListener('abort', cancel)
    })
  }

  /** Ends what is under way on these files; it goes on from there another time. */
  async still(files: readonly string[]): Promise<void> {
    const on = [...this.#works].filter(({ merge }) => files.includes(merge.under) || files.includes(merge.over))
    for (const { abort } of on) abort.abort()
    await Promise.all(on.map(({ ended }) => ended.catch(() => undefined)))
  }

  /**
   * Where a hypervisor died as it ended: that it had flushed all is known only of one that goes on, so what stands on the lower file stands on the
   * upper one again. For files that no guest has open.
   */
  restore(volume: string): Promise<Result<void>> {
    return this.#turns.take('chains', async () => {
      if ((await layersOf(this.#dir, volume)).merging.size === 0) return ok(undefined)
      const chains = await Chains.read(this.#dir)
      if (!chains) return refuse('unavailable', 'the files of a volume cannot be read')
      for (const [under, over] of chains.writtenDown(volume))
        for (const { path } of chains.above(under))
          if (path !== over) {
            const moved = await moveOnto(this.#run, path, over)
            if (!moved.ok) return moved
          }
      return ok(undefined)
    })
  }

  async #merge(merge: Merge, { open, progress, cancel }: MergeOptions): Promise<Result<void>> {
    if (open === null) {
      const restored = await this.restore(volumeOf(merge.over))
      const one = restored.ok ? await this.#writeDown(merge, progress, cancel) : restored
      if (!one.ok) return one
      return this.#turns.take('chains', () => this.#clear())
    }
    if (!merge.committed) {
      // Says of the files, when it is done, which of them holds what.
      const note = noteOf(merge.over)
      await writeFile(`${note}.making`, `${Number.parseInt(basename(merge.under), 10)}\n`, { mode: 0o600 })
      await settle(`${note}.making`, note)
      const one = await open.merge(merge, { progress, cancel })
      if (!one.ok) return one
    }
    return this.#turns.take('chains', async () => {
      const settled = await this.#settleWrittenDown(merge)
      return settled.ok ? this.#clear() : settled
    })
  }

  /** While no guest has any of them open. */
  async #writeDown({ under, over }: Merge, progress: MergeOptions['progress'], cancel: AbortSignal): Promise<Result<void>> {
    const chains = await Chains.read(this.#dir)
    const [upper, lower] = [chains?.file(over), chains?.file(under)]
    if (!upper || !lower || upper.backing !== under || chains?.above(under).length !== 1)
      return refuse('unavailable', 'its files are other ones now')
    if (cancel.aborted) return refuse('unavailable', interrupted)
    const ran = await this.#run('qemu-img', ['commit', '-f', 'qcow2', '-d', '-p', over], {
      changes: true,
      fileBytes: upper.size + Math.ceil(upper.size / 512) + 64 * MiB,
      timeout: limits.merge,
      signal: cancel,
      heard: text => {
        const percent = [...text.matchAll(/\((\d+)\.\d+\/100%\)/g)].at(-1)?.[1]
        if (percent !== undefined) progress(Number(percent))
      },
    })
    if (cancel.aborted) return refuse('unavailable', interrupted)
    if (ran.code !== 0) return programFault('merging its files', ran)
    return this.#turns.take('chains', async () => {
      const now = await Chains.read(this.#dir)
      // It went meanwhile, and nobody stands on it.
      if (now?.file(over)?.backing !== under || now.above(under).length !== 1) return ok(undefined)
      await syncFile(under)
      await rename(under, over)
      await syncDirectory(dirname(over))
      await syncDirectory(dirname(under))
      return ok(undefined)
    })
  }

  /** Where a hypervisor has written a frozen file down: the snapshots on it are marks on the one below from now on. */
  async #settleWrittenDown({ over }: Merge): Promise<Result<void>> {
    const chains = await Chains.read(this.#dir)
    const upper = chains?.file(over)
    const due = upper && chains?.due(upper.volume)
    if (!upper || !due?.committed || due.over !== over) return ok(undefined)
    const number = upper.layers.merging.get(upper.number)
    for (const [snapshot, at] of upper.layers.marks) {
      if (at !== upper.number) continue
      const mark = join(upper.layers.home, `${snapshot}.snapshot`)
      await writeFile(`${mark}.making`, `${number}\n`, { mode: 0o600 })
      await settle(`${mark}.making`, mark)
    }
    await rm(noteOf(over), { force: true })
    return ok(undefined)
  }
}
