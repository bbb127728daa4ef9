import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Oldest first, a page; those made only for a copy are not told. */
export const listSnapshots = read('snapshots.list', {
  input: Page,
  run: ({ store, scope }, page) => store.snapshots.list(scope, page),
})
