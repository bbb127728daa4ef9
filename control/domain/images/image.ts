import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Firmware } from '@sirocco/shared/model/machines/states.ts'
import type { ImageFile } from '@sirocco/shared/wire/objects.ts'

export interface Image {
  readonly id: Id<'image'>
  /** `ami-` and 17 hex digits. */
  readonly alias: string
  readonly name: string
  readonly description: string
  /** null: of the platform, for everybody. */
  readonly project: Id<'project'> | null
  readonly architecture: string
  readonly minDiskMiB: number
  readonly files: readonly ImageFile[]
  readonly cmdline: string | null
  /** What guests of it start from, where a launch does not say. */
  readonly firmware: Firmware
  readonly createdAt: number
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
