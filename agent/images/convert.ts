import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { GiB, MiB } from '@sirocco/shared/kit/units.ts'
import type { ImageFormat } from '@sirocco/shared/model/images/formats.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { FrozenDisk } from '../ports/volumes.ts'
import { nobody, type RunConfined } from '../programs/sandbox.ts'
import { qemuName } from './header.ts'

/** `qemu-img info --output=json`, of which only what decides. */
const Info = z.object({
  'virtual-size': z.number().int().positive(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  encrypted: z.boolean().optional(),
  'format-specific': z.object({ data: z.object({ 'data-file': z.string().optional() }).optional() }).optional(),
})

/** Of what `info` may write: nothing. */
const noFile = 1 * MiB

export interface Conversion {
  /** An existing folder that nobody else uses; what comes out lies in it. */
  readonly folder: string
  readonly source: string
  readonly format: ImageFormat
  readonly maxVirtualBytes: number
  readonly run: RunConfined
  readonly signal: AbortSignal
  readonly told: (percent: number) => void
}

/** A compressed qcow2 of a file whose header was looked at before: qemu-img is told the format, and never guesses it. */
export async function convert(given: Conversion): Promise<Result<{ path: string; virtualBytes: number }>> {
  const { source, format, run, signal } = given
  await chmod(source, 0o644)
  // An ISO is a raw disk to whoever boots it.
  const as = qemuName[format]

  const looked = await run('qemu-img', ['info', '-f', as, '--output=json', source], {
    fileBytes: noFile,
    timeout: limits.program,
    signal,
  })
  if (looked.code !== 0)
    return refuse('invalid', `the file is damaged, or no ${format} after all`, { detail: looked.stderr.slice(0, 2_000) })
  const info = Info.safeParse(parse(looked.stdout))
  if (!info.success)
    return refuse('invalid', 'qemu-img says nothing that is understood of the file', { detail: looked.stdout.slice(0, 500) })
  const fault = unfit(info.data, given.maxVirtualBytes)
  if (fault) return fault

  return compress(given, { source, as, virtualBytes: info.data['virtual-size'], reads: false, network: false })
}

/** A compressed qcow2 of a whole disk, which may be spread over files of this host: each says of what format the one below is. */
export async function flatten(
  given: Omit<Conversion, 'source' | 'format'>,
  { path, format, virtualBytes, ceph }: FrozenDisk,
): Promise<Result<{ path: string; virtualBytes: number }>> {
  if (virtualBytes > given.maxVirtualBytes)
    return refuse('invalid', `the volume has more than the ${given.maxVirtualBytes / GiB} GiB that an image may have`)
  return compress(given, { source: path, as: format, virtualBytes, reads: true, network: ceph !== undefined })
}

async function compress(
  { folder, run, signal, told }: Omit<Conversion, 'source' | 'format'>,
  {
    source,
    as,
    virtualBytes,
    reads,
    network,
  }: {
    readonly source: string
    readonly as: string
    readonly virtualBytes: number
    readonly reads: boolean
    readonly network: boolean
  },
): Promise<Result<{ path: string; virtualBytes: number }>> {
  const out = join(folder, 'out')
  await mkdir(out, { mode: 0o700 })
  if (getuid?.() === 0) await chown(out, nobody, nobody)
  const path = join(out, 'image.qcow2')
  const converted = await run('qemu-img', ['convert', '-p', '-c', '-f', as, '-O', 'qcow2', source, path], {
    reads,
    network,
    // Compressed it is smaller, but for noise and the tables.
    fileBytes: Math.min(virtualBytes + Math.ceil(virtualBytes / 512) + 64 * MiB, limits.imageBytes),
    timeout: limits.convert,
    signal,
    heard: text => {
      const percent = /\((\d+)\.\d+\/100%\)/.exec(text)?.[1]
      if (percent !== undefined) told(Number(percent))
    },
  })
  if (converted.code !== 0) return failed(converted.stderr)
  await stat(path)
  return ok({ path, virtualBytes })
}

function unfit(info: z.output<typeof Info>, most: number) {
  if (info['backing-filename'] !== undefined || info['full-backing-filename'] !== undefined)
    return refuse('invalid', 'the image is based on another file; flatten it first, for example with qemu-img convert')
  if (info['format-specific']?.data?.['data-file'] !== undefined)
    return refuse('invalid', 'the image keeps its data in another file; flatten it first, for example with qemu-img convert')
  if (info.encrypted) return refuse('invalid', 'the image is encrypted')
  if (info['virtual-size'] > most)
    return refuse(
      'invalid',
      `the image is a disk of ${Math.ceil(info['virtual-size'] / GiB)} GiB; at most ${most / GiB} are taken`,
    )
  return null
}

function failed(words: string) {
  const detail = words.slice(0, 2_000)
  if (/failed to get .*lock/i.test(words)) return refuse('unavailable', 'files of the volume are being merged', { detail })
  return /no space left on device|disk quota exceeded/i.test(words)
    ? refuse('capacity', "the converting host's storage is full; try again later, or ask an administrator", { detail })
    : refuse('invalid', 'the image cannot be converted: it is damaged, or takes more than a conversion may', { detail })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
