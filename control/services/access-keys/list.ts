import { owns } from '../../domain/access/member.ts'
import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** One's own access keys in the project; owners see everybody's. Never their secrets. */
export const listAccessKeys = read('access-keys.list', {
  input: Page,
  run: ({ store, principal }, page) =>
    store.tenancy.accessKeys(principal.project, owns(principal.role) ? null : principal.user, page),
})
