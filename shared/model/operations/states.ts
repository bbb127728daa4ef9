export const operationStates = ['running', 'parked', 'undoing', 'done', 'failed', 'cancelled', 'superseded', 'stuck'] as const
export type OperationState = (typeof operationStates)[number]

/** Over: nothing more comes of it. `stuck` is not, an admin settles it. */
export const hasEnded = (state: OperationState): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled' || state === 'superseded'

export const operationKinds = [
  'machine.create',
  'machine.start',
  'machine.stop',
  'machine.reboot',
  'machine.pause',
  'machine.suspend',
  'machine.resume',
  'machine.rescue',
  'machine.unrescue',
  'machine.delete',
  'machine.recover',
  'machine.adopt',
  'volume.create',
  'volume.attach',
  'volume.detach',
  'volume.grow',
  'volume.revert',
  'volume.delete',
  'snapshot.create',
  'snapshot.delete',
  'backup.create',
  'backup.delete',
  'host.fence',
  'host.upgrade',
  'orphan.remove',
  'image.import',
  'image.capture',
  'image.delete',
  'migration.run',
  'host.maintain',
] as const
export type OperationKind = (typeof operationKinds)[number]
