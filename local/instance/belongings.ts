import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What an instance keeps in its directory. */
const names =
  /^(agent|blobs|disks|objects|run|secrets\.json|instance\.json|ready\.json|tls\.(crt|key)|(agent|control)\.log(\.1)?|control\.db(-shm|-wal|\.\d+\.bak)?)(\.new)?$/

/** What of an instance lies in a directory, the lock aside, which whoever looks holds. */
export const belongings = (data: string): string[] => (existsSync(data) ? readdirSync(data).filter(name => names.test(name)) : [])

/** What stands in a new instance's way: under the names that it uses, though no instance lives there. */
export const inTheWay = (data: string): string[] => (existsSync(join(data, 'secrets.json')) ? [] : belongings(data))
