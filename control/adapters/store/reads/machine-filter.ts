import type { MachineState } from '@sirocco/shared/model/machines/states.ts'
import { and, eq, isNotNull, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../../domain/access/principal.ts'
import type { MachineFilter } from '../../../domain/machines/machine.ts'
import * as s from '../schema.ts'

const seen = (power: 'running' | 'paused') =>
  sql`EXISTS (SELECT 1 FROM machine_observed o WHERE o.machine = machine.id AND o.power = ${power})`
const there = and(isNull(s.machine.goneAt), isNull(s.machine.failure), ne(s.machine.power, 'gone'))

/** What holds of every machine in this state; it may hold of others as well. */
const coarse = {
  gone: isNotNull(s.machine.goneAt),
  failed: and(isNull(s.machine.goneAt), isNotNull(s.machine.failure)),
  deleting: eq(s.machine.power, 'gone'),
  unknown: there,
  running: and(there, seen('running')),
  paused: there,
  creating: and(there, isNull(s.machine.ranAt)),
  starting: and(there, sql`NOT ${seen('running')}`),
  stopping: there,
  stopped: and(there, sql`NOT ${seen('running')}`),
  suspended: there,
} as const satisfies Record<MachineState, SQL | undefined>

/** The part of a filter that the database can tell: nothing that passes is left out. */
export function passing({ name, states, tags = [] }: MachineFilter, scope: Scope): SQL | undefined {
  const ours = scope === 'platform' ? sql`true` : sql`tag.project = ${scope.project}`
  return and(
    // The database folds the case of ASCII's letters only; other names are left to whoever filters.
    name === undefined || !/^[\x20-\x7e]*$/.test(name)
      ? undefined
      : sql`instr(lower(${s.machine.name}), ${name.toLowerCase()}) > 0`,
    states === undefined ? undefined : or(...states.map(state => coarse[state])),
    ...tags.map(({ key, value }) =>
      value === undefined
        ? sql`EXISTS (SELECT 1 FROM tag WHERE tag.resource = machine.id AND tag.key = ${key})`
        : sql`machine.id IN (SELECT resource FROM tag WHERE ${ours} AND tag.key = ${key} AND tag.value = ${value})`,
    ),
  )
}
