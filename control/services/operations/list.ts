import { Page, Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** Newest first; of one machine, volume, snapshot or image where `subject` names it. */
export const listOperations = read('operations.list', {
  input: Page.extend({ subject: Ref.optional() }),
  run: ({ store, scope }, { subject, ...page }) => store.operations.list(scope, subject ?? null, page),
})
