import type { SetPower } from '@sirocco/shared/api/hosts.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { stateOfEnrolment } from '../../../domain/hosts/enrolment.ts'
import { makeEnrolToken } from '../../../services/hosts/enrol-token.ts'
import { listEnrolTokens } from '../../../services/hosts/enrol-tokens.ts'
import { fenceHost } from '../../../services/hosts/fence.ts'
import { removeHost } from '../../../services/hosts/remove.ts'
import { revokeEnrolToken } from '../../../services/hosts/revoke-token.ts'
import { setHostPower } from '../../../services/hosts/set-power.ts'
import type { Handler } from '../handler.ts'
import { listed } from '../list.ts'
import { time } from '../render/time.ts'

export const fence: Handler<Routes['fenceHost']> = async ({ params, body: { how, confirm } }, { call }) => {
  const asked = await fenceHost.call(call, { host: params.id, how, ...(confirm === undefined ? {} : { confirm }) })
  return asked.ok ? ok({ body: { operation: asked.value.operation } }) : asked
}

export const power: Handler<Routes['setHostPower']> = async ({ params, body: { power } }, { call }) => {
  const set = await setHostPower.call(call, { host: params.id, power: power && given(power) })
  return set.ok ? ok({ body: undefined }) : set
}

const given = ({ port, pin, system, ...rest }: NonNullable<SetPower['power']>) => ({
  ...rest,
  ...(port === undefined ? {} : { port }),
  ...(pin === undefined ? {} : { pin }),
  ...(system === undefined ? {} : { system }),
})

export const remove: Handler<Routes['removeHost']> = async ({ params }, { call }) => {
  const gone = await removeHost.call(call, { host: params.id })
  return gone.ok ? ok({ body: undefined }) : gone
}

export const tokens: Handler<Routes['listEnrolTokens']> = async ({ query }, { call }) => {
  const now = call.ports.clock.now()
  const page = await listed(
    query,
    page => listEnrolTokens.call(call, page),
    enrolment => ({
      id: enrolment.id,
      zone: enrolment.zone,
      roles: [...enrolment.roles],
      by: enrolment.by,
      state: stateOfEnrolment(enrolment, now),
      createdAt: time(enrolment.createdAt),
      expiresAt: time(enrolment.expiresAt),
      agent: enrolment.usedBy,
    }),
  )
  return page.ok ? ok({ body: page.value }) : page
}

export const makeToken: Handler<Routes['makeEnrolToken']> = async ({ body: { zone, minutes, roles } }, { call, joinLine }) => {
  const made = await makeEnrolToken.call(call, {
    ...(zone === undefined ? {} : { zone }),
    ...(minutes === undefined ? {} : { minutes }),
    ...(roles === undefined ? {} : { roles }),
  })
  if (!made.ok) return made
  const token = made.value.token.reveal()
  const { id, expiresAt } = made.value
  return ok({
    body: {
      id,
      zone: made.value.zone,
      roles: [...made.value.roles],
      expiresAt: time(expiresAt),
      token,
      line: await joinLine(token),
    },
  })
}

export const revokeToken: Handler<Routes['revokeEnrolToken']> = async ({ params }, { call }) => {
  const revoked = await revokeEnrolToken.call(call, { token: params.id })
  return revoked.ok ? ok({ body: undefined }) : revoked
}
