import type { Result } from '@sirocco/shared/kit/fault.ts'

/** The control plane's store of image bytes, as an agent that converts uses it. */
export interface Blobs {
  /** Stores a file under its content's name, in parts. */
  put(path: string, told: (percent: number) => void, signal: AbortSignal): Promise<Result<{ sha256: string; bytes: number }>>
  /** One part of what somebody uploaded. */
  uploaded(image: string, n: number): Promise<Result<AsyncIterable<Uint8Array>>>
}
