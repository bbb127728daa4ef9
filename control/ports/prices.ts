import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Price } from '../domain/prices/price.ts'

/** What a batch does to prices, and to what projects may spend. */
export type PriceChange =
  /** Guard `conflict` where there is one of the same thing from the same day, `quota` where there are too many. */
  | { readonly do: 'price.insert'; readonly price: Price }
  | { readonly do: 'price.delete'; readonly price: Id<'price'> }
  | { readonly do: 'currency.set'; readonly currency: string }
  /** null: none. */
  | { readonly do: 'budget.set'; readonly project: Id<'project'>; readonly budget: Pick<Budget, 'micros' | 'alertAt'> | null }
  /** What the project spent so far of the month that begins at `month`, and the highest alert that was told of it. */
  | {
      readonly do: 'spending.put'
      readonly project: Id<'project'>
      readonly month: number
      readonly spent: number
      readonly alerted: number
    }

/** What a project means to spend in a month at most. */
export interface Budget {
  readonly micros: number
  /** Percent of it at which somebody is told. */
  readonly alertAt: readonly number[]
}

/** A project whose spending is looked at. */
export interface Spending {
  readonly project: Id<'project'>
  readonly budget: Budget | null
  /** As of the last look; null: none yet. */
  readonly month: number | null
  readonly spent: number
  readonly alerted: number
}

export interface PriceReads {
  /** In the order of what they are of and when they begin: all there are. */
  list(): Promise<Result<readonly Price[]>>
  currency(): Promise<Result<string>>
  budget(project: Id<'project'>): Promise<Result<Budget | null>>
  /** Projects with a budget or a limit of money that were last looked at before `before`. */
  due(before: number, limit: number): Promise<Result<readonly Spending[]>>
}
