import type { OperationKind } from './operation.ts'

/** The version of each workflow that new operations run; an older one stays in `operations/` until no row names it. */
export const workflowVersions = {
  'machine.create': 1,
  'machine.start': 1,
  'machine.stop': 1,
  'machine.reboot': 1,
  'machine.delete': 1,
  'migration.run': 1,
  'host.maintain': 1,
} as const satisfies Record<OperationKind, number>
