import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** The project's webhooks, oldest first; never their secrets. */
export const listWebhooks = read('webhooks.list', {
  input: Page,
  run: ({ store, principal }, page) => store.webhooks.list(principal.project, page),
})
