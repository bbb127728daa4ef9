import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { ImageFile } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import type { Ran, Run } from '../programs/run.ts'
import type { RunConfined } from '../programs/sandbox.ts'

/** `qemu-img info --output=json`, of which only what decides. */
const Info = z.object({
  format: z.string(),
  'virtual-size': z.number().int().nonnegative(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  encrypted: z.boolean().optional(),
  'format-specific': z.object({ data: z.object({ 'data-file': z.string().optional() }).optional() }).optional(),
})

/** Of `qemu-img`, which reads bytes that anybody may have made: address space in bytes, processor time in seconds. */
const harness = ['--as=1073741824', '--cpu=30', '--'] as const

/** What a failed program means: a full disk, or something nobody foresaw. */
export function programFault(what: string, ran: Ran) {
  const detail = ran.stderr.trim().slice(0, 2_000)
  if (/failed to get .*lock/i.test(ran.stderr)) return refuse('unavailable', 'its files are in use', { detail })
  return /no space left on device|disk quota exceeded/i.test(ran.stderr)
    ? refuse('capacity', "the host's storage is full", { detail })
    : refuse('internal', `${what} failed`, { detail })
}

/**
 * How large a disk the image is, in bytes, if it may be the base of one: of the format it is said to be, and standing alone (a backing or
 * data file would give the guest a file of the host).
 */
export async function sizeOfBase(run: Run, path: string, format: ImageFile['format']): Promise<Result<number>> {
  const ran = await run('prlimit', [...harness, 'qemu-img', 'info', '-U', '-f', format, '--output=json', path])
  if (ran.code !== 0) return refuse('invalid', 'the image cannot be read', { detail: ran.stderr.slice(0, 2_000) })
  const parsed = Info.safeParse(parse(ran.stdout))
  if (!parsed.success) return refuse('invalid', 'the image cannot be read', { detail: parsed.error.message })
  const info = parsed.data
  if (info['backing-filename'] !== undefined || info['full-backing-filename'] !== undefined)
    return refuse('invalid', 'the image is based on another file')
  if (info['format-specific']?.data?.['data-file'] !== undefined)
    return refuse('invalid', 'the image keeps its data in another file')
  if (info.encrypted) return refuse('invalid', 'the image is encrypted')
  return ok(info['virtual-size'])
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Makes a disk at `path` that holds only what differs from `base`. */
export async function createOverlay(
  run: Run,
  path: string,
  base: { readonly path: string; readonly format: string },
  sizeMiB: number,
): Promise<Result<void>> {
  const ran = await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', base.format, '-b', base.path, path, `${sizeMiB}M`])
  return ran.code === 0 ? ok(undefined) : programFault('making the disk', ran)
}

/** Makes a disk of what another holds, which stands on nothing. */
export async function copyDisk(
  { run, confined }: { readonly run: Run; readonly confined: RunConfined },
  path: string,
  from: { readonly path: string; readonly format: string },
  sizeMiB: number,
): Promise<Result<void>> {
  const made = await createDisk(run, path, sizeMiB)
  if (!made.ok) return made
  const words = ['convert', '-q', '-n', '--target-is-zero', '-f', from.format, '-O', 'qcow2', from.path, path]
  // What a disk of that size holds, with its tables.
  const fileBytes = sizeMiB * MiB + Math.ceil((sizeMiB * MiB) / 1_024) + 16 * MiB
  const ran = await confined('qemu-img', words, { fileBytes, timeout: limits.convert, changes: true })
  return ran.code === 0 ? ok(undefined) : programFault('copying the disk', ran)
}

/** Makes an empty disk. */
export async function createDisk(run: Run, path: string, sizeMiB: number): Promise<Result<void>> {
  const ran = await run('qemu-img', ['create', '-q', '-f', 'qcow2', path, `${sizeMiB}M`])
  return ran.code === 0 ? ok(undefined) : programFault('making the disk', ran)
}

/** Makes a disk that no guest has open larger. */
export async function growDisk(run: Run, path: string, sizeMiB: number): Promise<Result<void>> {
  const ran = await run('qemu-img', ['resize', '-q', '-f', 'qcow2', path, `${sizeMiB}M`])
  return ran.code === 0 ? ok(undefined) : programFault('growing the disk', ran)
}
