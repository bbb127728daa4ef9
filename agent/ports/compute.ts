import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { SeenHost, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { Arrival, Departure, Peer } from './move.ts'

/** Paths on the host that a machine is made of; made by the storage port before `define`. */
export interface MachineFiles {
  readonly disk: string
  readonly seed: string
  readonly kernel?: string
  readonly initrd?: string
}

/** Where an interface plugs in; made by the network port before `define`. */
export interface Plug {
  readonly mac: string
  readonly bridge: string
  /** The name of the host's end of it, by which the network port knows it again. */
  readonly tap: string
  readonly mtu: number
}

/** Everything `define` needs, resolved to this host. */
export interface Definition {
  readonly machine: WantedMachine
  readonly files: MachineFiles
  readonly plugs: readonly Plug[]
}

/** A machine of this instance as the hypervisor shows it. */
export interface FoundMachine {
  readonly id: string
  readonly power: 'running' | 'paused' | 'stopping' | 'stopped' | 'crashed'
  /** Why it is off, where the hypervisor still knows. */
  readonly cause: 'asked' | 'guest' | 'crash' | 'unknown'
  /** Digest of the definition it was made with, to notice what must be redefined. */
  readonly shape: string
  /** When it was started, as the hypervisor counts; changes at each start. Empty while off. */
  readonly run: string
}

/** A byte stream to a serial console. */
export interface ConsoleStream {
  write(bytes: Uint8Array): void
  close(): void
}

/**
 * One kind of hypervisor. Every verb may run twice and lands once: what is so already is success; a verb on what is gone is
 * success for `cut` and `undefine`, `not_found` for the rest. Faults: `unavailable` when the hypervisor does not answer (try
 * again), `capacity` when it has no room, `invalid` when it refuses the definition, `internal` for all else with its words in `detail`.
 * Only machines of this instance exist here: those of another, or of nobody, are neither listed nor touched.
 */
export interface Compute {
  /** What the host is and can. */
  fingerprint(): Promise<Result<Omit<SeenHost, 'kind' | 'id' | 'diskMiB' | 'underlay' | 'warnings'>>>
  list(): Promise<Result<readonly FoundMachine[]>>
  /** Defines, or redefines one that is off; refuses (`precondition`) one that runs with another shape. */
  define(definition: Definition): Promise<Result<void>>
  start(id: string): Promise<Result<void>>
  /** Asks the guest (ACPI); returns at once. */
  askToStop(id: string): Promise<Result<void>>
  cut(id: string): Promise<Result<void>>
  /** Resets at once, as the reset button. */
  reboot(id: string): Promise<Result<void>>
  /** Removes the definition of a machine that is off. Disks are the storage port's. */
  undefine(id: string): Promise<Result<void>>
  /** The last `limits.consoleLog` bytes that the serial console printed, over restarts. */
  consoleLog(id: string): Promise<Result<Uint8Array>>
  /** Joins the serial console; a newer reader ends the older. `closed` is called once. */
  console(id: string, data: (bytes: Uint8Array) => void, closed: () => void): Promise<Result<ConsoleStream>>
  /** Sends a running machine to the host behind `peer`. Ends with where it runs; never both here and there. */
  leave(id: string, peer: Peer, options: { progress(percent: number): void; cancel: AbortSignal }): Promise<Departure>
  /** Waits for a running machine that another host sends; its disk and networks are made. Until it runs here it shows as paused. */
  arrive(definition: Definition): Promise<Result<Arrival>>
  /** What arrived is defined here for its next start, too; it goes on running. */
  adopt(definition: Definition): Promise<Result<void>>
  /** Nobody listens for it any more: what did not come to run here is removed. */
  abandon(id: string): Promise<Result<'arrived' | 'nothing'>>
  /** After a move that came to nothing: a machine that it left paused runs on. */
  stay(id: string): Promise<Result<void>>
  /** Calls back on every change: with a machine's id, or null when anything may have changed (reconnected). Ends by `close`. */
  watch(changed: (id: string | null) => void): void
  close(): Promise<void>
}
