import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** What waits for an admin, of every project, oldest first. */
export const listStuck = read('operations.resolve', { input: Page, run: ({ store }, page) => store.operations.stuck(page) })
