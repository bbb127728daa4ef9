import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedMachine } from '@sirocco/shared/wire/objects.ts'
import type { MachineFiles } from './compute.ts'

/**
 * Where bytes of machines lie. Every verb may run twice and lands once. Faults: `capacity` when the pool is full, `unavailable` when
 * it does not answer, `invalid` when an image's bytes are not what was promised.
 */
export interface Storage {
  /** Whether this file of an image is here with the bytes it is named by; nothing is fetched. One whose bytes became others is as none. */
  has(sha256: string): Promise<boolean>
  /** Keeps what `fetch` yields under its content's name; refused, and nothing kept, when the digest or length differs. */
  keep(file: { sha256: string; bytes: number }, fetch: AsyncIterable<Uint8Array>): Promise<Result<void>>
  /** Image files that are here whole. */
  images(): Promise<Result<readonly { readonly sha256: string; readonly bytes: number }[]>>
  /** Removes an image file that nothing stands on. */
  dropImage(sha256: string): Promise<Result<void>>
  /** Of the pool: in all, and what anybody may still write. */
  room(): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>
  /** What is the machine's own: its seed, and a kernel where the image brings one. Its disks are volumes. */
  prepare(machine: WantedMachine): Promise<Result<MachineFiles>>
  /** Removes all that `prepare` made. */
  remove(machine: string): Promise<Result<void>>
  /** Machines that have anything here. */
  list(): Promise<Result<readonly string[]>>
  /** MiB in all, used by anything or not. */
  capacityMiB(): Promise<number>
}
