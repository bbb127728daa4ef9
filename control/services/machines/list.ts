import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Oldest first, a page. */
export const listMachines = read('machines.list', {
  input: Page,
  run: ({ store, scope }, page) => store.machines.list(scope, page),
})
