import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Who is in the project, and as what. */
export const listMembers = read('members.list', {
  input: Page,
  run: ({ store, principal }, page) => store.tenancy.members(principal.project, page),
})
