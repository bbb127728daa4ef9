import type { Id } from '@sirocco/shared/kit/id.ts'

/** A key that somebody's device keeps, as its owner sees it. */
export interface Passkey {
  readonly id: Id<'passkey'>
  readonly name: string
  /** How the device knows it, in base64url. */
  readonly credential: string
  /** How browsers reach the device, as they said: usb, internal, hybrid, … */
  readonly transports: readonly string[]
  /** It is on more than one device. */
  readonly backedUp: boolean
  readonly createdAt: number
  readonly lastUsedAt: number | null
}
