import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Power } from '@sirocco/shared/model/machines/states.ts'
import type { SeenMachine } from '@sirocco/shared/wire/objects.ts'

/**
 * A cloud, any cloud. Level-triggered: `ensure` says what is wanted and returns at once; that it is so is only ever observed.
 * Every verb may be called twice with the same generation and lands once.
 */
export interface Connector {
  /** What this account's cloud can do. Asked before anything is tried; a verb it lacks is refused (`unsupported`). */
  capabilities(): Promise<Capabilities>
  /** Accepts the machine as it should be at `generation`, or refuses. An answer that got lost is asked again, never guessed. */
  ensure(machine: DesiredMachine): Promise<Result<'accepted'>>
  /** What is no state: a reboot. At most once per `command.id`; its result is observed as a fact of kind `command`. */
  act(command: ConnectorCommand): Promise<Result<'accepted'>>
  /** What changed since `cursor`, at most one page; a cursor the cloud has forgotten starts over with `complete: true` at its end. */
  observe(cursor: string | null): Promise<Result<{ facts: readonly Observed[]; cursor: string; complete: boolean }>>
}

export type Capabilities = Readonly<
  Record<'reboot' | 'pause' | 'suspend' | 'console' | 'consoleLog', { readonly supported: boolean }>
>

export interface DesiredMachine {
  readonly id: Id<'machine'>
  readonly generation: number
  readonly power: Power
  readonly host: Id<'host'> | null
}
export interface ConnectorCommand {
  readonly id: string
  readonly do: 'reboot'
  readonly machine: Id<'machine'>
  readonly host: Id<'host'> | null
  readonly deadline: number
}
export type Observed =
  | { readonly kind: 'machine'; readonly id: Id<'machine'>; readonly found: Omit<SeenMachine, 'kind' | 'id'> }
  | { readonly kind: 'command'; readonly id: string; readonly outcome: Result<string> }
