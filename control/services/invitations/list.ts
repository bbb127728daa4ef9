import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Invitations that are open, oldest first; never their links. */
export const listInvitations = read('invitations.list', {
  input: Page,
  run: ({ store, principal }, page) => store.tenancy.invitations(principal.project, page),
})
