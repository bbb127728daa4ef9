import type { OperationKind } from '@sirocco/shared/model/operations/states.ts'
import { backupCreate } from './backup-create.ts'
import { backupDelete } from './backup-delete.ts'
import type { AnyWorkflow, Workflows } from './engine.ts'
import { hostFence } from './host-fence.ts'

import { hostMaintain } from './host-maintain.ts'
import { hostUpgrade } from './host-upgrade.ts'

import { imageCapture } from './image-capture.ts'

import { imageDelete } from './image-delete.ts'
import { imageImport } from './image-import.ts'
import { machineAdopt } from './machine-adopt.ts'
import { machineCreate } from './machine-create.ts'
import { machineDelete } from './machine-delete.ts'
import { machinePause } from './machine-pause.ts'
import { machineReboot } from './machine-reboot.ts'
import { machineRecover } from './machine-recover.ts'
import { machineRescue } from './machine-rescue.ts'
import { machineResume } from './machine-resume.ts'
import { machineStart } from './machine-start.ts'
import { machineStop } from './machine-stop.ts'
import { machineSuspend } from './machine-suspend.ts'
import { machineUnrescue } from './machine-unrescue.ts'
import { migrationRun } from './migration-run.ts'
import { orphanRemove } from './orphan-remove.ts'
import { snapshotCreate } from './snapshot-create.ts'
import { snapshotDelete } from './snapshot-delete.ts'
import { volumeAttach } from './volume-attach.ts'
import { volumeCreate } from './volume-create.ts'
import { volumeDelete } from './volume-delete.ts'
import { volumeDetach } from './volume-detach.ts'
import { volumeGrow } from './volume-grow.ts'
import { volumeRevert } from './volume-revert.ts'

/** Every workflow there is; of a kind, the versions that rows may still name. */
const registry = {
  'machine.create': [machineCreate],
  'machine.start': [machineStart],
  'machine.stop': [machineStop],
  'machine.reboot': [machineReboot],
  'machine.pause': [machinePause],
  'machine.suspend': [machineSuspend],
  'machine.resume': [machineResume],
  'machine.rescue': [machineRescue],
  'machine.unrescue': [machineUnrescue],
  'machine.delete': [machineDelete],
  'machine.recover': [machineRecover],
  'machine.adopt': [machineAdopt],
  'volume.create': [volumeCreate],
  'volume.attach': [volumeAttach],
  'volume.detach': [volumeDetach],
  'volume.grow': [volumeGrow],
  'volume.revert': [volumeRevert],
  'volume.delete': [volumeDelete],
  'snapshot.create': [snapshotCreate],
  'snapshot.delete': [snapshotDelete],
  'backup.create': [backupCreate],
  'backup.delete': [backupDelete],
  'host.fence': [hostFence],
  'host.upgrade': [hostUpgrade],
  'orphan.remove': [orphanRemove],
  'image.import': [imageImport],
  'image.capture': [imageCapture],
  'image.delete': [imageDelete],
  'migration.run': [migrationRun],
  'host.maintain': [hostMaintain],
} as const satisfies Record<OperationKind, readonly AnyWorkflow[]>

export const workflows: Workflows = (kind, version) => registry[kind].find(workflow => workflow.version === version) ?? null
export const allWorkflows: readonly AnyWorkflow[] = Object.values(registry).flat()
