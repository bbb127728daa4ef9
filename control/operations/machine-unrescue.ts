import { ok } from '@sirocco/shared/kit/fault.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import { rootDevice } from '../domain/volumes/device.ts'
import { nextIntent } from '../domain/volumes/volume.ts'
import type { Change } from '../ports/changes.ts'
import { bootAnew } from './boot-anew.ts'
import { done, type Step, type Workflow } from './engine.ts'
import { ensure, settled } from './steps.ts'
import { volumesLeft } from './volumes-left.ts'

/** In one batch: the rescue's disk is deleted, its own volume is what the machine boots from, and it is wanted on. */
const disk: Step = {
  name: 'disk',
  async run({ world, operation, subject: machine }) {
    const { ids, store } = world
    const { id, project, version, volumes, rescueVolume } = machine
    const own = volumes.find(({ device }) => device === rescuedDevice)
    const rescue = volumes.filter(volume => volume.id === rescueVolume)
    const found = own ? await store.volumes.find('platform', [own.id]) : ok([])
    if (!found.ok) return found
    const readOnly = found.value[0]?.attachment?.readOnly ?? false
    const back: Change[] = own
      ? [
          { do: 'volume.intent', ...nextIntent(own) },
          { do: 'attachment.remove', volume: own.id },
          ...volumesLeft({ volumes: rescue, project }, ids),
          {
            do: 'attachment.insert',
            attachment: {
              volume: own.id,
              machine: id,
              device: rootDevice,
              boot: true,
              readOnly,
              deleteOnTermination: own.deleteOnTermination,
            },
          },
        ]
      : volumesLeft({ volumes: rescue, project }, ids)
    return done(
      { do: 'machine.rescue', machine: id, version, image: null, volume: null },
      ...back,
      { do: 'event', project, type: 'machine.unrescued', subject: id, data: { operation: operation.id } },
      ...bootAnew(machine, version + 1, ids),
    )
  },
}

/** From an accepted end of rescue to a machine that is off and has its own disk to boot from; that it starts is an operation of its own. */
export const machineUnrescue: Workflow = {
  kind: 'machine.unrescue',
  version: 1,
  steps: [ensure, settled('off', () => done()), disk],
}
