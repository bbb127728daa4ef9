import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { upgradeHost, upgradeHosts } from '../../../services/hosts/upgrade.ts'
import type { Handler } from '../handler.ts'
import { accepted } from './hosts-maintenance.ts'

export const host: Handler<Routes['upgradeHost']> = async ({ params }, here) => {
  const asked = await upgradeHost.call(here.call, { host: params.id })
  return asked.ok ? accepted(here, params.id, asked.value.operations) : asked
}

export const hosts: Handler<Routes['upgradeHosts']> = async (_, { call }) => {
  const asked = await upgradeHosts.call(call, {})
  return asked.ok ? ok({ body: { operations: [...asked.value.operations] } }) : asked
}
