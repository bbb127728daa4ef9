import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** One's own accounts at providers. */
export const listIdentities = read('identities.list', {
  input: Page,
  run: ({ store, principal }, page) => store.signIn.identities(principal.user, page),
})
