import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { UsageKind } from '@sirocco/shared/model/usage.ts'
import type { Owner, UsageRow } from '../domain/usage/rows.ts'
import type { Page, Paged } from './store.ts'

/** What a batch does to usage. */
export type UsageChange =
  /** Of a host, a series and a number once. Guard `stale` where it is kept already, and where one before it is still to come. */
  | {
      readonly do: 'usage.keep'
      readonly host: Id<'host'>
      readonly series: string
      readonly n: number
      readonly oldest: number
      readonly rows: readonly UsageRow[]
    }
  /** What no host reports, of this hour: once. Guard `stale` unless the hour before was counted last. */
  | { readonly do: 'usage.count'; readonly hour: number; readonly after: number | null }

/** Whole hours from `from` to before `to`, added up apart before and after each of `cuts`. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly cuts: readonly number[]
}

/** A sum of usage. */
export interface UsageSum {
  readonly kind: UsageKind
  readonly what: string
  /** Empty where it is of more than one. */
  readonly resource: string
  /** Empty where that was not asked for, and of what has no such tag. */
  readonly tag: string
  readonly amount: number
  /** Between which cuts: 0 before the first. */
  readonly segment: number
}

export interface UsageReads {
  /** The newest number of this series that is kept; 0: none. */
  last(host: Id<'host'>, series: string): Promise<Result<number>>
  /** Whose machines and volumes these are, as far as it is known. */
  owners(ids: readonly string[]): Promise<Result<ReadonlyMap<string, Owner>>>
  /** The hour that was counted last of what no host reports; null: none. */
  counted(): Promise<Result<number | null>>
  /** Sums of a project, by kind and flavor or pool, each in its own line; and by the value that its resources have of a tag now. */
  sums(project: Id<'project'>, span: Span, tag: string | null): Promise<Result<readonly UsageSum[]>>
  /** The same of each resource: as many lines as the page has but for their segments. */
  resources(project: Id<'project'>, span: Span, page: Page): Promise<Result<Paged<UsageSum>>>
}
