import { type MachineState, machineStates } from '@sirocco/shared/model/machines/states.ts'
import type { FeedEvent, Operation } from '../api/types.ts'

/** One line of a machine's story. */
export type Moment =
  | { readonly is: 'operation'; readonly at: number; readonly key: string; readonly operation: Operation }
  | { readonly is: 'state'; readonly at: number; readonly key: string; readonly state: MachineState }
  | { readonly is: 'event'; readonly at: number; readonly key: string; readonly type: string }

/** Told by the operation's own line already, or by nothing that a person wants to know. */
const silent = /^(operation\.|machine\.(launch|failed|gone|[a-z]+\.asked)$)/

/** Operations and events as one story, newest first. A state said twice in a row is told once. */
export function timelineOf(operations: readonly Operation[], events: readonly FeedEvent[]): readonly Moment[] {
  const moments: Moment[] = operations.map(operation => ({
    is: 'operation',
    at: Date.parse(operation.createdAt),
    key: operation.id,
    operation,
  }))
  let before: MachineState | null = null
  for (const event of events) {
    const at = Date.parse(event.at)
    const key = `event-${event.seq}`
    const to =
      event.type === 'machine.state' ? machineStates.find(word => word === event.data.to || word === event.data.state) : undefined
    if (to !== undefined) {
      if (to !== before) moments.push({ is: 'state', at, key, state: to })
      before = to
    } else if (event.type !== 'machine.state' && !silent.test(event.type))
      moments.push({ is: 'event', at, key, type: event.type })
  }
  // An operation and the state it leads to may share a millisecond: what was asked came first.
  const rank = { operation: 0, event: 1, state: 2 } as const
  return moments.sort((a, b) => b.at - a.at || rank[b.is] - rank[a.is])
}
