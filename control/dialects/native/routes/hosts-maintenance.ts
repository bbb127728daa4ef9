import type { HostAccepted } from '@sirocco/shared/api/hosts.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { findHost } from '../../../services/hosts/find.ts'
import { maintainHost, previewMaintenance } from '../../../services/hosts/maintain.ts'
import { returnHost } from '../../../services/hosts/return.ts'
import type { Handler, Here, Reply } from '../handler.ts'
import { hostJson } from '../render/host.ts'

export const preview: Handler<Routes['previewMaintenance']> = async ({ params }, { call }) => {
  const looked = await previewMaintenance.call(call, { host: params.id })
  if (!looked.ok) return looked
  const { fates, moving } = looked.value
  const machines = [
    ...moving.map(({ machine, target }) => ({ machine, name: machine, fate: 'moving' as const, target, why: null })),
    ...fates.map(fate => ({
      machine: fate.machine.id,
      name: fate.machine.name,
      fate: fate.do,
      target: fate.do === 'moves' ? fate.target : null,
      why: fate.do === 'stops' ? fate.why.message : null,
    })),
  ]
  return ok({ body: { machines } })
}

export async function accepted({ call }: Here, id: string, operations: readonly string[]): Promise<Result<Reply<HostAccepted>>> {
  const host = await findHost.call(call, { host: id })
  return host.ok ? ok({ body: { host: hostJson(host.value, call.ports.agentBundle), operations: [...operations] } }) : host
}

export const maintain: Handler<Routes['maintainHost']> = async ({ params, body }, here) => {
  const asked = await maintainHost.call(here.call, { host: params.id, stopRest: body.stopRest })
  return asked.ok ? accepted(here, params.id, asked.value.operations) : asked
}

export const giveBack: Handler<Routes['returnHost']> = async ({ params }, here) => {
  const asked = await returnHost.call(here.call, { host: params.id })
  return asked.ok ? accepted(here, params.id, asked.value.operations) : asked
}
