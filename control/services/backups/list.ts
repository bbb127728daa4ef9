import { Page, Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** Oldest first, a page; of one volume (by our id, which may be gone itself) or of all. */
export const listBackups = read('backups.list', {
  input: Page.extend({ volume: Ref.nullable().default(null) }),
  run: ({ store, scope }, { volume, ...page }) => store.backups.list(scope, volume, page),
})
