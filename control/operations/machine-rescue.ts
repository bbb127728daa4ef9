import { refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import { freeOf } from '../domain/hosts/host.ts'
import { rootDevice } from '../domain/volumes/device.ts'
import { lyingIn } from '../domain/volumes/pool.ts'
import { nextIntent } from '../domain/volumes/volume.ts'
import { theHost } from '../services/hosts/the-host.ts'
import { bootAnew } from './boot-anew.ts'
import { done, type Step, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'

/**
 * In one batch: a volume of the rescue image takes the place of what the machine boots from, that is beside it from then on, and the machine is
 * wanted on. Its own volume stays what and where it is.
 */
const disk: Step = {
  name: 'disk',
  async run({ world, operation, subject: machine }) {
    const { store, ids, random } = world
    const { id, project, version, host, rescueImage } = machine
    const root = machine.volumes.find(({ boot }) => boot)
    if (host === null || rescueImage === null || !root)
      return refuse('precondition', `${machine.name} has no disk any more to be rescued`)
    const [images, volumes, room] = await Promise.all([
      store.images.many([rescueImage]),
      store.volumes.find('platform', [root.id]),
      theHost(store, host),
    ])
    if (!images.ok) return images
    if (!volumes.ok) return volumes
    if (!room.ok) return room
    const [image] = images.value
    const [own] = volumes.value
    if (!image || !own) throw new Error('impossible: found, and not there')
    const sizeMiB = image.minDiskMiB
    // The claim's guard alone would have it tried again and again.
    if (lyingIn(own.pool) === undefined && freeOf(room.value).diskMiB < sizeMiB)
      return refuse('capacity', say('machine.rescue_no_room', { name: machine.name, size: String(sizeMiB) }))

    const volume = ids.make('volume')
    const { deleteOnTermination } = root
    return done(
      { do: 'machine.still', machine: id },
      { do: 'machine.rescue', machine: id, version, image: rescueImage, volume },
      { do: 'volume.intent', ...nextIntent(root) },
      { do: 'attachment.remove', volume: root.id },
      {
        do: 'volume.insert',
        volume: {
          id: volume,
          alias: `vol-${hex(random, 17)}`,
          project,
          zone: own.zoneId,
          pool: own.pool.id,
          name: '',
          sizeMiB,
          sourceKind: 'image',
          sourceImage: rescueImage,
          sourceSnapshot: null,
        },
      },
      {
        do: 'attachment.insert',
        attachment: { volume, machine: id, device: rootDevice, boot: true, readOnly: false, deleteOnTermination: true },
      },
      {
        do: 'attachment.insert',
        attachment: {
          volume: root.id,
          machine: id,
          device: rescuedDevice,
          boot: false,
          readOnly: own.attachment?.readOnly ?? false,
          deleteOnTermination,
        },
      },
      {
        do: 'allocation.claim',
        id: ids.make('allocation'),
        consumer: volume,
        host,
        vcpus: 0,
        memoryMiB: 0,
        diskMiB: sizeMiB,
        lying: lyingIn(own.pool),
      },
      { do: 'event', project, type: 'volume.create.asked', subject: volume, data: { machine: id } },
      {
        do: 'event',
        project,
        type: 'machine.rescued',
        subject: id,
        data: { operation: operation.id, image: rescueImage, volume },
      },
      ...bootAnew(machine, version + 1, ids),
    )
  },
}

/** From an accepted rescue to a machine that is off and has the rescue's disk; that it starts from it is an operation of its own. */
export const machineRescue: Workflow = {
  kind: 'machine.rescue',
  version: 1,
  steps: [ensure, settled('off', () => done()), disk],
}
