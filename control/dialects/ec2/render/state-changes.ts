import type { Machine } from '../../../domain/machines/machine.ts'
import { renderState } from './instance-state.ts'

/** What start, stop and terminate answer: each machine's state before and after. */
export const renderStateChanges = (before: readonly Machine[], after: readonly Machine[]) => ({
  instancesSet: before.map((machine, i) => ({
    instanceId: machine.alias,
    currentState: renderState(after[i] ?? machine),
    previousState: renderState(machine),
  })),
})
