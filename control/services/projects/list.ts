import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Projects that the person is a member of. */
export const listProjects = read('projects.list', {
  input: Page,
  run: ({ store, principal }, page) => store.tenancy.memberships(principal.user, page),
})
