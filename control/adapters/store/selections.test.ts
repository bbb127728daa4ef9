import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/web'
import { alias } from 'drizzle-orm/sqlite-core'
import { expect, test, vi } from 'vitest'
import * as s from './schema.ts'
import { keepSelections } from './selections.ts'

type Db = ReturnType<typeof drizzle.mock>

/** Ways in which a selection is written. */
const selects = {
  'one table': (db: Db) => db.select().from(s.machine),
  'some columns': (db: Db) => db.select({ id: s.machine.id, name: s.machine.name }).from(s.machine),
  'the same columns in another order': (db: Db) => db.select({ name: s.machine.name, id: s.machine.id }).from(s.machine),
  'two tables': (db: Db) =>
    db.select({ a: s.machine, b: s.volume }).from(s.machine).leftJoin(s.volume, eq(s.volume.zone, s.machine.zone)),
  'the columns of one of two tables': (db: Db) =>
    db.select({ id: s.machine.id, name: s.machine.name }).from(s.machine).innerJoin(s.volume, eq(s.volume.zone, s.machine.zone)),
  'something computed': (db: Db) => db.select({ id: s.machine.id, n: sql<number>`count(*) + ${7}` }).from(s.machine),
  'a table by another name': (db: Db) => {
    const other = alias(s.machine, 'other')
    return db.select({ one: s.machine.id, two: other.id }).from(s.machine).innerJoin(other, eq(other.id, s.machine.id))
  },
}

test.each(Object.entries(selects))('%s is selected in the words of drizzle', (_, select) => {
  const kept = keepSelections(drizzle.mock())
  const ours = select(kept).toSQL()
  expect(ours).toEqual(select(drizzle.mock()).toSQL())
  expect(select(kept).toSQL()).toEqual(ours)
})

test('the columns are written once', () => {
  const db = drizzle.mock()
  const dialect: { buildSelection: () => unknown } = Reflect.get(db, 'dialect')
  const written = vi.spyOn(dialect, 'buildSelection')
  keepSelections(db)
  const two = () => db.select({ a: s.host.id, b: s.host.name, c: s.host.zone }).from(s.host).toSQL()
  expect(two()).toEqual(two())
  expect(written).toHaveBeenCalledTimes(1)
})
