import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { ImageState, Visibility } from '@sirocco/shared/model/images/states.ts'
import type { Firmware } from '@sirocco/shared/model/machines/states.ts'
import type { ImportResult, ImportSource } from '@sirocco/shared/wire/imports.ts'
import type { ImageFile } from '@sirocco/shared/wire/objects.ts'

export interface Image {
  readonly id: Id<'image'>
  /** `ami-` and 17 hex digits. */
  readonly alias: string
  readonly name: string
  readonly description: string
  /** null: of the platform, for everybody. */
  readonly project: Id<'project'> | null
  /** The owner's, as EC2 shows it; null: of the platform. */
  readonly account: string | null
  readonly visibility: Visibility
  readonly state: ImageState
  /** Rises with each intent. */
  readonly generation: number
  /** Why it cannot be had. */
  readonly failure: Fault | null
  /** Not for new users any more; who names it still has it. */
  readonly deprecatedAt: number | null
  /** Machines in rescue boot from it, where nobody says from what. */
  readonly forRescue: boolean
  readonly architecture: string
  readonly minDiskMiB: number
  readonly files: readonly ImageFile[]
  readonly cmdline: string | null
  /** What guests of it start from, where a launch does not say. */
  readonly firmware: Firmware
  /** Of the disk as a guest sees it; null where nobody measured it. */
  readonly virtualBytes: number | null
  /** Its address without credentials, or `upload`; null: it came with the platform. */
  readonly origin: string | null
  readonly createdAt: number
  /** While it is made, and after. */
  readonly import: ImageImport | null
}

/** The making of an image: what is wanted, where, and what is seen of it. */
export interface ImageImport {
  readonly source: ImportSource
  /** The host whose agent converts it; null: none was chosen yet, or it is done. */
  readonly host: Id<'host'> | null
  readonly hostAlive: boolean
  readonly begunAt: number
  readonly observed: {
    readonly appliedGeneration: number
    readonly progress: string | null
    readonly fault: Fault | null
    readonly result: ImportResult | null
    readonly digest: string
  } | null
}

export interface Flavor {
  readonly id: Id<'flavor'>
  readonly name: string
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  /** Hosts of its machines have these tags. */
  readonly hostTags: Readonly<Record<string, string>>
}

export interface KeyPair {
  readonly id: Id<'keyPair'>
  /** `key-` and 17 hex digits. */
  readonly alias: string
  readonly name: string
  readonly publicKey: string
  readonly type: 'ed25519' | 'rsa'
  /** As EC2 gives it: SHA-256 in base64 for ed25519, MD5 in hex for imported rsa. */
  readonly fingerprint: string
  readonly createdAt: number
  readonly tags: Readonly<Record<string, string>>
}
