import { type SQL, sql } from 'drizzle-orm'

/** The ids of what operations and events are about, by either id of it. */
export const named = (ref: string): SQL =>
  sql`(SELECT id FROM machine WHERE id = ${ref} OR alias = ${ref} UNION ALL SELECT id FROM volume WHERE id = ${ref} OR alias = ${ref} UNION ALL SELECT id FROM snapshot WHERE id = ${ref} OR alias = ${ref} UNION ALL SELECT id FROM image WHERE id = ${ref} OR alias = ${ref})`
