import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { beginSecondFactor } from '../../../services/second-factor/begin.ts'
import { confirmSecondFactor } from '../../../services/second-factor/confirm.ts'
import { removeSecondFactor } from '../../../services/second-factor/remove.ts'
import { renewRecoveryCodes } from '../../../services/second-factor/renew-codes.ts'
import { showSecondFactor } from '../../../services/second-factor/show.ts'
import type { Handler } from '../handler.ts'
import { time } from '../render/time.ts'

export const show: Handler<Routes['getSecondFactor']> = async (_, { call }) => {
  const shown = await showSecondFactor.call(call, {})
  if (!shown.ok) return shown
  const { since, recoveryCodes } = shown.value
  return ok({ body: { since: since === null ? null : time(since), recoveryCodes } })
}

export const begin: Handler<Routes['beginSecondFactor']> = async (_, { call }) => {
  const begun = await beginSecondFactor.call(call, {})
  return begun.ok ? ok({ body: { secret: begun.value.secret.reveal(), address: begun.value.address.reveal() } }) : begun
}

export const confirm: Handler<Routes['confirmSecondFactor']> = async ({ body }, { call }) => {
  const codes = await confirmSecondFactor.call(call, body)
  return codes.ok ? ok({ body: { codes: [...codes.value] } }) : codes
}

export const renew: Handler<Routes['renewRecoveryCodes']> = async (_, { call }) => {
  const codes = await renewRecoveryCodes.call(call, {})
  return codes.ok ? ok({ body: { codes: [...codes.value] } }) : codes
}

export const remove: Handler<Routes['removeSecondFactor']> = async (_, { call }) => {
  const gone = await removeSecondFactor.call(call, {})
  return gone.ok ? ok({ body: undefined }) : gone
}
