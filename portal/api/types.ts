// Types only: the schemas behind them stay on the server, 24 kB of zod away from the first load.
export type { AcceptedBackup, Backup } from '@sirocco/shared/api/backups.ts'
export type { Flavor, Region } from '@sirocco/shared/api/catalogue.ts'
export type { Event as FeedEvent } from '@sirocco/shared/api/events.ts'
export type { ChangeHost, Host, MadeEnrolToken } from '@sirocco/shared/api/hosts.ts'
export type { CatalogueImage, Image, ImageUpload, NewCapture, NewImage } from '@sirocco/shared/api/images.ts'
export type { KeyPair, MadeKeyPair } from '@sirocco/shared/api/key-pairs.ts'
export type { Accepted, Launch, Machine } from '@sirocco/shared/api/machines.ts'
export type { Network, NewNetwork } from '@sirocco/shared/api/networks.ts'
export type { Operation, OperationAsked } from '@sirocco/shared/api/operations.ts'
export type { AdoptOrphan, Orphan } from '@sirocco/shared/api/orphans.ts'
export type { Passkey, PasskeyOptions } from '@sirocco/shared/api/passkeys.ts'
export type { PlacementGroup } from '@sirocco/shared/api/placement-groups.ts'
export type { NewPool, Pool, PoolDetail } from '@sirocco/shared/api/pools.ts'
export type { Price, PriceTable } from '@sirocco/shared/api/prices.ts'
export type { Usage } from '@sirocco/shared/api/samples.ts'
export type { NewSecondFactor, RecoveryCodes, SecondFactor } from '@sirocco/shared/api/second-factor.ts'
export type { SecurityGroup, SecurityRule } from '@sirocco/shared/api/security-groups.ts'
export type { Me, SignIn, SignInAnswer } from '@sirocco/shared/api/sessions.ts'
export type {
  AccessKey,
  Invitation,
  MadeAccessKey,
  MadeInvitation,
  Member,
  Project,
  QuotaList,
  Session,
} from '@sirocco/shared/api/tenancy.ts'
export type { ProjectUsage } from '@sirocco/shared/api/usage.ts'
export type {
  AcceptedMoment,
  AcceptedSnapshot,
  AcceptedVolume,
  NewVolume,
  Snapshot,
  Volume,
} from '@sirocco/shared/api/volumes.ts'

export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; null at the end. */
  readonly next: string | null
}
