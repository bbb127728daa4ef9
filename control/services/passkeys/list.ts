import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** One's own passkeys, oldest first. */
export const listPasskeys = read('passkeys.list', {
  input: Page,
  run: ({ store, principal }, page) => store.signIn.passkeys(principal.user, page),
})
