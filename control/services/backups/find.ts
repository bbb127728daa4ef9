import { BackupRefs } from '../inputs.ts'
import { read } from '../verb.ts'

/** In the order asked; `not_found` names the first that is not to be seen here. */
export const findBackups = read('backups.list', {
  input: BackupRefs,
  run: ({ store, scope }, { backups }) => store.backups.find(scope, backups),
})
