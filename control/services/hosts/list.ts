import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** All hosts with capacity, use and what their agents say: for admins. */
export const listHosts = read('hosts.list', { input: Page, run: ({ store }, page) => store.hosts.list(page) })
