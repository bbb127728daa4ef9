import type { OperationKind } from '../domain/operations/operation.ts'
import type { AnyWorkflow, Workflows } from './engine.ts'
import { hostMaintain } from './host-maintain.ts'
import { machineCreate } from './machine-create.ts'
import { machineDelete } from './machine-delete.ts'
import { machineReboot } from './machine-reboot.ts'
import { machineStart } from './machine-start.ts'
import { machineStop } from './machine-stop.ts'
import { migrationRun } from './migration-run.ts'

/** Every workflow there is; of a kind, the versions that rows may still name. */
const registry = {
  'machine.create': [machineCreate],
  'machine.start': [machineStart],
  'machine.stop': [machineStop],
  'machine.reboot': [machineReboot],
  'machine.delete': [machineDelete],
  'migration.run': [migrationRun],
  'host.maintain': [hostMaintain],
} as const satisfies Record<OperationKind, readonly AnyWorkflow[]>

export const workflows: Workflows = (kind, version) => registry[kind].find(workflow => workflow.version === version) ?? null
export const allWorkflows: readonly AnyWorkflow[] = Object.values(registry).flat()
