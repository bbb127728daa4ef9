import { nextIntent } from '../domain/volumes/volume.ts'
import { done, type Workflow } from './engine.ts'
import { settled } from './steps.ts'

/** From an accepted attachment to a volume that its machine has, or will have when it starts. Where that cannot be, it is let go again. */
export const volumeAttach: Workflow<'volume'> = {
  kind: 'volume.attach',
  version: 1,
  steps: [settled('attached', () => done())],
  failed({ subject: volume, operation }, fault) {
    return [
      { do: 'attachment.remove', volume: volume.id },
      { do: 'volume.intent', ...nextIntent(volume) },
      ...(volume.host === null ? [] : [{ do: 'host.touch', host: volume.host } as const]),
      {
        do: 'event',
        project: volume.project,
        type: 'volume.released',
        subject: volume.id,
        data: { operation: operation.id, message: fault.message },
      },
    ]
  },
}
