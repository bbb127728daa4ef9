import { assert } from '@sirocco/shared/kit/assert.ts'
import { Column, is, type SQL, sql } from 'drizzle-orm'
import { type SelectedFieldsOrdered, SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'

type Build = (fields: SelectedFieldsOrdered, how: { readonly isSingleTable: boolean }) => SQL

/** The words of a selection, found by its columns in their order. */
interface Known {
  text: string | null
  readonly next: WeakMap<object, Known>
}
const nothing = (): Known => ({ text: null, next: new WeakMap() })

/** For an isolate, whatever its requests: by whether the columns stand without their table's name. */
const known = { alone: nothing(), joined: nothing() }
const plain = new SQLiteSyncDialect()

/**
 * Has the builder of `db` write the columns of a selection once and not at each query: that is most of its work, and a third of what a
 * launch costs. It takes the place of a method that drizzle keeps to itself; a test holds that the words are the same, and written once.
 */
export function keepSelections<D extends object>(db: D): D {
  const dialect: unknown = Reflect.get(db, 'dialect')
  assert(typeof dialect === 'object' && dialect !== null, 'drizzle has a dialect')
  const build = Reflect.get(dialect, 'buildSelection')
  assert(typeof build === 'function', 'the dialect writes selections')
  const kept: Build = (fields, how) => {
    let at = how.isSingleTable ? known.alone : known.joined
    for (const { field } of fields) {
      if (!is(field, Column)) return build.call(dialect, fields, how)
      let next = at.next.get(field)
      if (!next) {
        next = nothing()
        at.next.set(field, next)
      }
      at = next
    }
    at.text ??= plain.sqlToQuery(build.call(dialect, fields, how)).sql
    return sql.raw(at.text)
  }
  Reflect.set(dialect, 'buildSelection', kept)
  return db
}
