import type { Price as PriceJson } from '@sirocco/shared/api/prices.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Price } from '../../../domain/prices/price.ts'
import { setBudget } from '../../../services/prices/budget.ts'
import { listPrices } from '../../../services/prices/list.ts'
import { addPrice, removePrice, setCurrency } from '../../../services/prices/set.ts'
import { defined } from '../defined.ts'
import type { Handler } from '../handler.ts'
import { time } from '../render/time.ts'

const day = (at: number): string => time(at).slice(0, 10)

const priceJson = ({ from, until, ...price }: Price): PriceJson => ({
  ...price,
  from: day(from),
  until: until === null ? null : day(until),
})

export const list: Handler<Routes['listPrices']> = async (_, { call }) => {
  const listed = await listPrices.call(call, {})
  return listed.ok ? ok({ body: { ...listed.value, items: listed.value.items.map(priceJson) } }) : listed
}

export const add: Handler<Routes['addPrice']> = async ({ body: { from, until, ...body } }, { call }) => {
  const added = await addPrice.call(call, {
    ...defined(body),
    from: Date.parse(from),
    until: until === null || until === undefined ? null : Date.parse(until),
  })
  return added.ok ? ok({ body: priceJson(added.value) }) : added
}

export const remove: Handler<Routes['deletePrice']> = async ({ params }, { call }) => {
  const removed = await removePrice.call(call, { price: params.id })
  return removed.ok ? ok({ body: undefined }) : removed
}

export const currency: Handler<Routes['setCurrency']> = async ({ body }, { call }) => {
  const set = await setCurrency.call(call, body)
  return set.ok ? ok({ body: undefined }) : set
}

export const budget: Handler<Routes['setBudget']> = async ({ body }, { call }) => {
  const set = await setBudget.call(call, defined(body))
  return set.ok ? ok({ body: undefined }) : set
}
