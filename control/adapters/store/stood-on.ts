import { type SQL, sql } from 'drizzle-orm'
import type * as s from './schema.ts'

/** Does a machine, a volume or a snapshot stand on this image still? A volume of it is an overlay, and so is what a snapshot of that keeps. */
export const stoodOn = (image: string | typeof s.image.id): SQL => {
  const base = sql.identifier('baseImage')
  const remains = sql`${sql.identifier('goneAt')} IS NULL`
  return sql`(EXISTS (SELECT 1 FROM machine WHERE machine.image = ${image})
    OR EXISTS (SELECT 1 FROM volume WHERE volume.${base} = ${image} AND volume.${remains})
    OR EXISTS (SELECT 1 FROM snapshot WHERE snapshot.${base} = ${image} AND snapshot.${remains}))`
}
