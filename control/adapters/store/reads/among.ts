import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/** Is it one of these? One parameter however many they are, so that the statement is the same, and soon built. */
export const among = (column: SQLWrapper, values: readonly string[]): SQL =>
  sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`
