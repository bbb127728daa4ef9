import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { devices, freeDevice, rootDevice } from '../../domain/volumes/device.ts'
import { type Laid, lyingIn } from '../../domain/volumes/pool.ts'
import type { Change, NewVolume } from '../../ports/changes.ts'
import { Name, VolumeSize } from '../inputs.ts'
import type { Context } from '../verb.ts'

/** Volumes that a machine is launched with, beside the one that it boots from. */
export const LaunchVolumes = z
  .array(
    z.object({
      name: Name.optional(),
      /** Where the guest finds it, `vdc` and on; the first that is free where it is not said. */
      device: z.enum(devices, 'a device is vdc to vdz').optional(),
      sizeMiB: VolumeSize,
      deleteOnTermination: z.boolean().default(true),
    }),
  )
  .max(limits.volumesOfMachine, `a machine has at most ${limits.volumesOfMachine} further volumes`)

/** What the volumes of one machine have in common. */
export interface Launched {
  readonly machine: Id<'machine'>
  readonly zone: Id<'zone'>
  readonly pool: Laid
  readonly host: Id<'host'>
  readonly tags: Readonly<Record<string, string>>
}

export interface FurtherVolume {
  readonly name: string
  readonly device: string
  readonly sizeMiB: number
  readonly deleteOnTermination: boolean
}

/** Each with a device of its own: those that are named first, the others by what they leave. */
export function withDevices(volumes: z.output<typeof LaunchVolumes>): Result<readonly FurtherVolume[]> {
  const used = volumes.flatMap(({ device }) => (device === undefined ? [] : [device]))
  const twice = used.find((device, i) => used.indexOf(device) !== i)
  if (twice !== undefined)
    return refuse('invalid', `two volumes cannot both be ${twice}; give each a device of its own`, { field: 'volumes' })
  return ok(
    volumes.map(({ name = '', device = freeDevice(used), ...rest }) => {
      if (device === null) throw new Error('impossible: fewer devices than volumes of a machine')
      if (!used.includes(device)) used.push(device)
      return { name, device, ...rest }
    }),
  )
}

/** What a machine boots from, as a volume of its own; its claim is one with the machine's. */
export const rootVolume = (
  context: Context,
  volume: Id<'volume'>,
  launched: Launched,
  root: { readonly image: Id<'image'>; readonly diskMiB: number; readonly kept: boolean },
): Change[] => [
  ...made(context, launched, {
    id: volume,
    name: '',
    sizeMiB: root.diskMiB,
    sourceKind: 'image',
    sourceImage: root.image,
  }),
  {
    do: 'attachment.insert',
    attachment: {
      volume,
      machine: launched.machine,
      device: rootDevice,
      boot: true,
      readOnly: false,
      deleteOnTermination: !root.kept,
    },
  },
]

/** An empty volume of a machine, claimed on the machine's host. */
export function furtherVolume(
  context: Context,
  launched: Launched,
  { name, device, sizeMiB, deleteOnTermination }: FurtherVolume,
): Change[] {
  const { ids } = context
  const volume = ids.make('volume')
  const { machine, host } = launched
  return [
    ...made(context, launched, { id: volume, name, sizeMiB, sourceKind: 'nothing', sourceImage: null }),
    {
      do: 'attachment.insert',
      attachment: { volume, machine, device, boot: false, readOnly: false, deleteOnTermination },
    },
    {
      do: 'allocation.claim',
      id: ids.make('allocation'),
      consumer: volume,
      host,
      vcpus: 0,
      memoryMiB: 0,
      diskMiB: sizeMiB,
      lying: lyingIn(launched.pool),
    },
  ]
}

function made(
  { random, principal: { project } }: Context,
  { machine, zone, pool, tags }: Launched,
  volume: Pick<NewVolume, 'id' | 'name' | 'sizeMiB' | 'sourceKind' | 'sourceImage'>,
): Change[] {
  return [
    {
      do: 'volume.insert',
      volume: {
        ...volume,
        name: volume.name || (tags.Name ?? ''),
        alias: `vol-${hex(random, 17)}`,
        project,
        zone,
        pool: pool.id,
        sourceSnapshot: null,
      },
    },
    ...Object.entries(tags).map(([key, value]) => ({ do: 'tag.set', project, resource: volume.id, key, value }) as const),
    { do: 'event', project, type: 'volume.create.asked', subject: volume.id, data: { machine } },
  ]
}
