import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Tokens that were made, newest first; never the tokens themselves. */
export const listEnrolTokens = read('hosts.enrol-tokens', {
  input: Page,
  run: ({ store }, page) => store.agents.enrolments(page),
})
