import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { listTags } from '../../../services/tags/list.ts'
import { setTags } from '../../../services/tags/set.ts'
import { unsetTags } from '../../../services/tags/unset.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'

export const list: Handler<Routes['listTags']> = async ({ query }, { call }) => {
  const page = await listed(
    query,
    page => listTags.call(call, page),
    ({ resource, alias, key, value }) => ({ resource, ec2Id: alias, key, value }),
  )
  return page.ok ? ok({ body: page.value }) : page
}

export const set: Handler<Routes['setTags']> = async ({ body }, { call }) => {
  const done = await setTags.call(call, body)
  return done.ok ? ok({ body: undefined }) : done
}

export const unset: Handler<Routes['unsetTags']> = async ({ body: { resources, tags } }, { call }) => {
  const done = await unsetTags.call(call, { resources, tags })
  return done.ok ? ok({ body: undefined }) : done
}
