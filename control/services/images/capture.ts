import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Image } from '../../domain/images/image.ts'
import { type Machine, stateOfMachine } from '../../domain/machines/machine.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { isIn, outsideRescue } from '../../domain/volumes/permit.ts'
import type { Volume } from '../../domain/volumes/volume.ts'
import { Name, Ref, Tags } from '../inputs.ts'
import { newSnapshot } from '../snapshots/new.ts'
import { type Context, write } from '../verb.ts'

const Input = z.object({
  name: Name,
  description: z.string().max(255, 'a description has at most 255 characters').default(''),
  /** The disk that it boots from. */
  machine: Ref.optional(),
  volume: Ref.optional(),
  tags: Tags.default({}),
})

/** What is captured, and the machine that boots from it, where one does. */
interface Captured {
  readonly volume: Volume
  readonly machine: Machine | null
}

/**
 * Makes an image of what a volume holds now, or of the disk that a machine boots from. A machine that is off is captured as it stopped; a
 * running one as a power cut would leave it: a snapshot is made for it, and goes with the end of the capture.
 */
export const captureImage = write('images.capture', {
  input: Input,
  async run(context, input) {
    const found = await capturedOf(context, input)
    if (!found.ok) return found
    const { volume, machine } = found.value
    const { ids, random, principal, store } = context
    const { project } = principal
    const { host } = volume
    const usable = isIn(volume, ['available', 'in-use'])
    if (!usable.ok) return usable
    const outside = outsideRescue(volume)
    if (!outside.ok) return outside
    if (host === null)
      return refuse('precondition', `${volume.alias} was never used and holds nothing yet; attach it to a machine first`, {
        field: volume.alias,
      })
    if (volume.sizeMiB > limits.imageVirtualBytes / 2 ** 20)
      return refuse('invalid', `${volume.alias} has more than the ${limits.imageVirtualBytes / 2 ** 30} GiB of an image`, {
        field: volume.alias,
      })
    if (machine && stateOfMachine(machine) === 'suspended')
      return refuse('precondition', `${machine.name} is suspended: its disk is not at rest; resume or stop it first`, {
        field: machine.alias,
      })
    const base = await baseOf(store, machine?.image ?? volume.baseImage)
    if (!base.ok) return base

    const image = ids.make('image')
    const alias = `ami-${hex(random, 17)}`
    const operation = ids.make('operation')
    const { snapshot, operation: freezing, changes } = newSnapshot(context, volume, { name: '', passing: true })
    return ok({
      answer: { image, alias, operations: [operation, freezing] },
      subjects: [image, volume.id],
      changes: [
        ...changes,
        {
          do: 'image.insert',
          image: {
            id: image,
            alias,
            project,
            name: input.name,
            description: input.description,
            architecture: base.value?.architecture ?? 'x86_64',
            firmware: machine?.firmware ?? base.value?.firmware ?? 'bios',
            minDiskMiB: volume.sizeMiB,
            visibility: 'private',
            state: 'importing',
            origin: machine?.alias ?? volume.alias,
            source: { kind: 'snapshot', snapshot, volume: volume.id },
            // What it boots by where that lies beside its disk.
            carried: base.value?.files.filter(({ role }) => role !== 'disk') ?? [],
            cmdline: base.value?.cmdline ?? null,
          },
        },
        ...Object.entries(input.tags).map(([key, value]) => ({ do: 'tag.set', project, resource: image, key, value }) as const),
        {
          do: 'operation.start',
          operation: {
            id: operation,
            kind: 'image.capture',
            workflow: workflowVersions['image.capture'],
            project,
            subject: image,
            generation: 1,
          },
        },
        { do: 'event', project, type: 'image.made', subject: image, data: { operation, of: volume.id } },
      ],
    })
  },
})

async function capturedOf({ store, scope }: Context, { machine, volume }: z.output<typeof Input>): Promise<Result<Captured>> {
  if ((machine === undefined) === (volume === undefined))
    return refuse('invalid', 'say what is captured: a machine (the disk it boots from), or a volume', { field: 'volume' })
  if (machine !== undefined) {
    const machines = await store.machines.find(scope, [machine])
    if (!machines.ok) return machines
    const [one] = machines.value
    const root = one?.volumes.find(({ boot, deleted }) => boot && !deleted)
    if (!one || !root) return refuse('precondition', 'the machine has no disk that it boots from', { field: 'machine' })
    const volumes = await store.volumes.find(scope, [root.id])
    if (!volumes.ok) return volumes
    const [found] = volumes.value
    return found ? ok({ volume: found, machine: one }) : refuse('not_found', `there is no volume ${root.alias}`)
  }
  const volumes = await store.volumes.find(scope, [volume ?? ''])
  if (!volumes.ok) return volumes
  const [found] = volumes.value
  if (!found) return refuse('not_found', `there is no volume ${volume}`, { field: 'volume' })
  if (!found.attachment) return ok({ volume: found, machine: null })
  const machines = await store.machines.find(scope, [found.attachment.machine])
  if (!machines.ok) return machines
  // Whose disk it only is beside another says nothing of how it boots; but asleep it keeps any of them from being at rest.
  return ok({ volume: found, machine: machines.value[0] ?? null })
}

async function baseOf(store: Context['store'], image: Image['id'] | null): Promise<Result<Image | null>> {
  if (image === null) return ok(null)
  const found = await store.images.many([image])
  if (!found.ok) return found.fault.code === 'not_found' ? ok(null) : found
  return ok(found.value[0] ?? null)
}
