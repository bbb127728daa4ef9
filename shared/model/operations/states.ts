export const operationStates = ['running', 'parked', 'undoing', 'done', 'failed', 'superseded', 'stuck'] as const
export type OperationState = (typeof operationStates)[number]

export const operationKinds = [
  'machine.create',
  'machine.start',
  'machine.stop',
  'machine.reboot',
  'machine.pause',
  'machine.suspend',
  'machine.resume',
  'machine.delete',
  'volume.create',
  'volume.attach',
  'volume.detach',
  'volume.grow',
  'volume.delete',
  'snapshot.create',
  'snapshot.delete',
] as const
export type OperationKind = (typeof operationKinds)[number]
