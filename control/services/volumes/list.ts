import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Oldest first, a page. */
export const listVolumes = read('volumes.list', { input: Page, run: ({ store, scope }, page) => store.volumes.list(scope, page) })
