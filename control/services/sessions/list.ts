import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** One's own live sessions, in whatever project. */
export const listSessions = read('sessions.list', {
  input: Page,
  run: ({ store, principal }, page) => store.tenancy.sessions(principal.user, page),
})
