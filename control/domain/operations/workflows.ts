import { limits } from '@sirocco/shared/model/limits.ts'
import type { OperationKind } from '@sirocco/shared/model/operations/states.ts'
import type { Operation } from './operation.ts'

/** The version of each workflow that new operations run; an older one stays in `operations/` until no row names it. */
export const workflowVersions = {
  'machine.create': 1,
  'machine.start': 1,
  'machine.stop': 1,
  'machine.reboot': 1,
  'machine.pause': 1,
  'machine.suspend': 1,
  'machine.resume': 1,
  'machine.rescue': 1,
  'machine.unrescue': 1,
  'machine.delete': 1,
  'machine.recover': 1,
  'machine.adopt': 1,
  'volume.create': 1,
  'volume.attach': 1,
  'volume.detach': 1,
  'volume.grow': 1,
  'volume.revert': 1,
  'volume.delete': 1,
  'snapshot.create': 1,
  'snapshot.delete': 1,
  'backup.create': 1,
  'backup.delete': 1,
  'host.fence': 1,
  'host.upgrade': 1,
  'orphan.remove': 1,
  'image.import': 1,
  'image.capture': 1,
  'image.delete': 1,
  'migration.run': 1,
  'host.maintain': 1,
} as const satisfies Record<OperationKind, number>

/** The names of each workflow's steps, by version: what people are shown. Held against the workflows themselves by a test. */
export const workflowSteps = {
  'machine.create': { 1: ['ensure', 'running'] },
  'machine.start': { 1: ['ensure', 'running'] },
  'machine.stop': { 1: ['ensure', 'off'] },
  'machine.reboot': { 1: ['reset'] },
  'machine.pause': { 1: ['ensure', 'paused'] },
  'machine.suspend': { 1: ['ensure', 'suspended'] },
  'machine.resume': { 1: ['ensure', 'running'] },
  'machine.rescue': { 1: ['ensure', 'off', 'disk'] },
  'machine.unrescue': { 1: ['ensure', 'off', 'disk'] },
  'machine.delete': { 1: ['ensure', 'absent'] },
  'machine.recover': { 1: ['elsewhere', 'ensure', 'settled'] },
  'machine.adopt': { 1: ['ensure', 'settled'] },
  'volume.create': { 1: ['made'] },
  'volume.attach': { 1: ['attached'] },
  'volume.detach': { 1: ['detached'] },
  'volume.grow': { 1: ['grown'] },
  'volume.revert': { 1: ['reverted'] },
  'volume.delete': { 1: ['absent'] },
  'snapshot.create': { 1: ['kept'] },
  'snapshot.delete': { 1: ['absent'] },
  'backup.create': { 1: ['place', 'kept'] },
  'backup.delete': { 1: ['turn', 'reclaimed'] },
  'host.fence': { 1: ['power-off', 'fenced'] },
  'host.upgrade': { 1: ['told', 'next'] },
  'orphan.remove': { 1: ['absent'] },
  'image.import': { 1: ['place', 'converted', 'tidy'] },
  'image.capture': { 1: ['place', 'converted', 'tidy'] },
  'image.delete': { 1: ['tidy'] },
  'migration.run': { 1: ['room', 'move'] },
  'host.maintain': { 1: ['empty'] },
} as const satisfies Record<OperationKind, Readonly<Record<number, readonly string[]>>>

export const stepsOf = ({ kind, workflow }: Pick<Operation, 'kind' | 'workflow'>): readonly string[] => {
  const versions: Readonly<Record<number, readonly string[]>> = workflowSteps[kind]
  return versions[workflow] ?? []
}

/** How long after it was asked an operation is given up where it only waits; kinds that are not here wait for as long as it takes. */
const patience: Partial<Record<OperationKind, number>> = { 'machine.create': limits.launch, 'machine.reboot': limits.launch }

/** When a live operation is given up by itself; null: never. */
export const givesUpAt = ({ kind, state, createdAt }: Pick<Operation, 'kind' | 'state' | 'createdAt'>): number | null => {
  const longest = patience[kind]
  return longest === undefined || state === 'undoing' ? null : createdAt + longest
}
