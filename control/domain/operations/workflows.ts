import type { OperationKind } from './operation.ts'

/** The version of each workflow that new operations run; an older one stays in `operations/` until no row names it. */
export const workflowVersions = {
  'machine.create': 1,
  'machine.start': 1,
  'machine.stop': 1,
  'machine.reboot': 1,
  'machine.pause': 1,
  'machine.suspend': 1,
  'machine.resume': 1,
  'machine.delete': 1,
  'machine.recover': 1,
  'volume.create': 1,
  'volume.attach': 1,
  'volume.detach': 1,
  'volume.grow': 1,
  'volume.delete': 1,
  'snapshot.create': 1,
  'snapshot.delete': 1,
  'host.fence': 1,
} as const satisfies Record<OperationKind, number>
