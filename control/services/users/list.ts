import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Everybody with an account, whatever their projects: for admins. */
export const listUsers = read('users.list', { input: Page, run: ({ store }, page) => store.tenancy.users(page) })
