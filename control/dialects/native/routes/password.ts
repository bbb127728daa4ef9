import type { Routes } from '@sirocco/shared/api/routes.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { changePassword } from '../../../services/sessions/change-password.ts'
import { defined } from '../defined.ts'
import type { Handler } from '../handler.ts'

export const change: Handler<Routes['changePassword']> = async ({ body }, { call, origin }) => {
  const changed = await changePassword.call({ ...call, origin }, defined(body))
  return changed.ok ? ok({ body: undefined }) : changed
}
