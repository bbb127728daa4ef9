import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { firmwares } from '@sirocco/shared/model/machines/states.ts'
import type { ImportSource } from '@sirocco/shared/wire/imports.ts'
import { z } from 'zod'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'
import { Name, Tags } from '../inputs.ts'
import type { Context, Decision } from '../verb.ts'

/** What everybody says of a new image, wherever its bytes come from. */
export const NewImageInput = z.object({
  name: Name,
  description: z.string().max(255, 'a description has at most 255 characters').default(''),
  architecture: z.enum(['x86_64', 'arm64']).default('x86_64'),
  firmware: z.enum(firmwares).default('bios'),
  /** MiB; at least the image's own size is taken. */
  minDiskMiB: z
    .int()
    .min(1)
    .max(limits.imageVirtualBytes / 2 ** 20)
    .default(1),
  /** Of the platform, for everybody: admins. */
  platform: z.boolean().default(false),
  tags: Tags.default({}),
})

/** `sha256:…` or `sha512:…` in hex. */
export const Checksum = z
  .string()
  .toLowerCase()
  .regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, 'a checksum is sha256: with 64 hex digits, or sha512: with 128')

export function checksumOf(text: string | undefined) {
  if (text === undefined) return null
  const [by, hex = ''] = text.split(':')
  return by === 'sha512' ? ({ by, hex } as const) : ({ by: 'sha256', hex } as const)
}

export interface MadeImage {
  readonly image: `img_${string}`
}

/** The rows of a new image; with its operation where nothing must be brought first. */
export function newImage(
  { ids, random, principal }: Context,
  { name, description, architecture, firmware, minDiskMiB, platform, tags }: z.output<typeof NewImageInput>,
  { source, origin }: { source: ImportSource; origin: string },
): Result<Decision<MadeImage>> {
  if (platform && principal.role !== 'admin')
    return refuse('forbidden', 'only an administrator may add images of the platform', { field: 'platform' })
  const id = ids.make('image')
  const { project } = principal
  const changes: Change[] = [
    {
      do: 'image.insert',
      image: {
        id,
        alias: `ami-${hex(random, 17)}`,
        project: platform ? null : project,
        name,
        description,
        architecture,
        firmware,
        minDiskMiB,
        visibility: platform ? 'public' : 'private',
        state: source.kind === 'upload' ? 'pending' : 'importing',
        origin,
        source,
      },
    },
    ...Object.entries(tags).map(([key, value]) => ({ do: 'tag.set', project, resource: id, key, value }) as const),
  ]
  if (source.kind === 'url') changes.push(importBegins(ids.make('operation'), project, id, 1))
  changes.push({ do: 'event', project, type: 'image.made', subject: id })
  return { ok: true, value: { answer: { image: id }, subjects: [id], changes } }
}

export const importBegins = (
  operation: `op_${string}`,
  project: `prj_${string}`,
  subject: `img_${string}`,
  generation: number,
): Change => ({
  do: 'operation.start',
  operation: {
    id: operation,
    kind: 'image.import',
    workflow: workflowVersions['image.import'],
    project,
    subject,
    generation,
  },
})
