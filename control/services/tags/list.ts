import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Every tag in the project, by resource and key. */
export const listTags = read('tags.list', { input: Page, run: ({ store, scope }, page) => store.tags.list(scope, page) })
