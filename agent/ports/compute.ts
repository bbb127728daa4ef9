import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Firmware } from '@sirocco/shared/model/machines/states.ts'
import type { SeenHost, WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { Arrival, Departure, Peer } from './move.ts'

/** Paths on the host that a machine is made of; made by the storage port before `define`. */
export interface MachineFiles {
  readonly seed: string
  readonly kernel?: string
  readonly initrd?: string
  /** Where UEFI keeps its variables, only of a machine that starts from it; the hypervisor makes the file. */
  readonly nvram?: string
}

/** The bytes of a disk, as a hypervisor opens them. */
export type DiskSource = { readonly type: 'file' | 'block'; readonly format: 'qcow2' | 'raw'; readonly path: string } | CephImage

/** An image in Ceph; its path is `rbd:<pool of Ceph>/<image>`. */
export interface CephImage {
  readonly type: 'rbd'
  readonly format: 'raw'
  readonly path: string
  /** Ours, which the user's key goes by. */
  readonly pool: string
  readonly monitors: readonly string[]
  readonly user: string
  /** A file that has the key. */
  readonly keyring: string
}

/** A volume as a machine has it. */
export interface MachineDisk {
  readonly volume: string
  /** Where the guest finds it: `vda`. */
  readonly device: string
  readonly source: DiskSource
  readonly boot: boolean
  readonly readOnly: boolean
  /** Other hosts of the zone have the same file: it goes with no machine. */
  readonly shared?: true
}

/** How a running machine is sent to another host. */
export interface LeaveOptions {
  progress(percent: number): void
  readonly cancel: AbortSignal
  /** Disks that the other host has, too, by device. */
  readonly shared: readonly string[]
}

/** A volume that a machine was found to have. */
export interface PluggedDisk {
  readonly volume: string
  readonly device: string
  readonly path: string
  /** The guest has it now. */
  readonly live: boolean
  /** The guest will have it at its next start. */
  readonly saved: boolean
}

/** Two neighbours among the files that a disk is spread over. */
export interface DiskMerge {
  readonly under: string
  readonly over: string
}

export interface Merging {
  progress(percent: number): void
  /** Ends it: then `unavailable`, and what each file shows is what it showed before. */
  readonly cancel: AbortSignal
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
  /** What it boots from first. */
  readonly disks: readonly MachineDisk[]
  readonly plugs: readonly Plug[]
}

/** A machine of this instance as the hypervisor shows it. */
export interface FoundMachine {
  readonly id: string
  /** `suspended`: off, and its memory is kept on disk, from which the next start goes on. */
  readonly power: 'running' | 'paused' | 'stopping' | 'stopped' | 'suspended' | 'crashed'
  /** Why it is off, where the hypervisor still knows. */
  readonly cause: 'asked' | 'guest' | 'crash' | 'unknown'
  /** Digest of the definition it was made with, to notice what must be redefined. */
  readonly shape: string
  /** When it was started, as the hypervisor counts; changes at each start. Empty while off. */
  readonly run: string
}

/** What a machine is made of, as the hypervisor has it written down; its disks apart. */
export interface DescribedMachine {
  readonly name: string
  readonly vcpus: number
  readonly memoryMiB: number
  readonly firmware: Firmware
  /** Lower case, with colons. */
  readonly macs: readonly string[]
}

/** Counted since some beginning; less than before means that it began anew. Memory is what is in use now. */
export interface Counters {
  readonly cpuNs: number
  readonly memoryBytes: number
  readonly diskReadBytes: number
  readonly diskWrittenBytes: number
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** How busy the host and its running machines are. */
export interface Counted {
  readonly host: Counters
  readonly machines: ReadonlyMap<string, Counters>
}

/** A byte stream to a serial console. */
export interface ConsoleStream {
  write(bytes: Uint8Array): void
  close(): void
}

/** A byte stream of which nothing may be lost: whoever cannot take more lets it wait. */
export interface ScreenStream extends ConsoleStream {
  pause(): void
  resume(): void
}

/** What a guest's own agent says of it; what it does not tell is left out. */
export interface GuestFacts {
  readonly hostname?: string
  readonly os?: { readonly name: string; readonly version: string; readonly kernel: string }
  readonly interfaces: readonly { readonly name: string; readonly mac: string; readonly addresses: readonly string[] }[]
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
  describe(id: string): Promise<Result<DescribedMachine>>
  /** Defines, or redefines one that is off; refuses (`precondition`) one that runs with another shape. */
  define(definition: Definition): Promise<Result<void>>
  /** Starts what is off; lets what is paused, or suspended, go on. */
  start(id: string): Promise<Result<void>>
  /** Lets a running machine stand still in memory; refuses (`precondition`) one that is off. */
  pause(id: string): Promise<Result<void>>
  /** Writes memory to disk and ends the run; refuses (`precondition`) one that is off. Suspended already is success. */
  suspend(id: string): Promise<Result<void>>
  /** Asks the guest (ACPI); returns at once. One that is paused goes on first, since it hears nothing. */
  askToStop(id: string): Promise<Result<void>>
  /** Ends the run at once; of a suspended machine, drops the memory that was kept. */
  cut(id: string): Promise<Result<void>>
  /** Asks the guest (ACPI) to restart, and resets it where it has not within `limits.stopGrace`; returns when either is done. */
  reboot(id: string): Promise<Result<void>>
  /** Removes the definition of a machine that is off. Disks are the storage port's. */
  undefine(id: string): Promise<Result<void>>
  /** What it has for disks, running or not; the seed is none of them. Nothing where there is no such machine. */
  disks(id: string): Promise<Result<readonly PluggedDisk[]>>
  /** Gives it a disk, also while it runs. */
  attach(id: string, disk: MachineDisk): Promise<Result<void>>
  /** Takes a disk away; refuses (`unavailable`) as long as a running guest has not let go of it. */
  detach(id: string, disk: PluggedDisk): Promise<Result<void>>
  /** Tells a running guest that a disk is larger now, having made it so. */
  resize(id: string, device: string, sizeMiB: number): Promise<Result<void>>
  /** Makes a running guest go on in a new file at `path`, on top of the one it has: what that holds then stays. */
  switchDisk(id: string, device: string, path: string): Promise<Result<void>>
  /**
   * The same of several disks at one moment; true where the guest's agent had its file systems stand still meanwhile. Without one that answers they are
   * as a power cut would leave them.
   */
  switchDisks(id: string, disks: readonly { readonly device: string; readonly path: string }[]): Promise<Result<boolean>>
  /**
   * Writes the upper of two files, neither of which a running guest writes to, down into the lower, all on disk when it ends, and takes it out of
   * the guest's disk. What is out already is success.
   */
  mergeDisk(id: string, device: string, merge: DiskMerge, how: Merging): Promise<Result<void>>
  /** The last `limits.consoleLog` bytes that the serial console printed, over restarts. */
  consoleLog(id: string): Promise<Result<Uint8Array>>
  /** Joins the serial console; a newer reader ends the older. `closed` is called once. */
  console(id: string, data: (bytes: Uint8Array) => void, closed: () => void): Promise<Result<ConsoleStream>>
  /**
   * Joins the screen: RFB (RFC 6143) from its greeting on, with VNC authentication by `password` (8 characters), which is good for
   * `limits.ticket`. Several may look at once.
   */
  screen(id: string, password: string, data: (bytes: Uint8Array) => void, closed: () => void): Promise<Result<ScreenStream>>
  /** What the screen shows now, as PNG. */
  screenshot(id: string): Promise<Result<Uint8Array>>
  /** Asked of an agent inside the guest, as are the next two; `precondition` where none answers. */
  guestFacts(id: string): Promise<Result<GuestFacts>>
  /** Twice is once. `user` is the guest's own. */
  setGuestPassword(id: string, user: string, password: string): Promise<Result<void>>
  /** Adds public keys to those that let `user` in; those that do already are left. */
  addGuestKeys(id: string, user: string, keys: readonly string[]): Promise<Result<void>>
  /** What the host and those of its machines that are known to run have used so far. */
  counters(): Promise<Result<Counted>>
  /** Sends a running machine to the host behind `peer`, with all its disks but those `shared`, by device. Ends with where it runs; never both here and there. */
  leave(id: string, peer: Peer, options: LeaveOptions): Promise<Departure>
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
