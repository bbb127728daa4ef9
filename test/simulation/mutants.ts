import type { Client, InArgs, InStatement, InValue } from '@libsql/client/web'
import type { Store } from '@sirocco/control/ports/store.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { type Id, isId } from '@sirocco/shared/kit/id.ts'
import type { Wanted } from '@sirocco/shared/wire/objects.ts'
import type { ControlMutations } from './world/control.ts'
import type { HostMutations } from './world/host.ts'
import { type Losses, noLosses } from './world/lossy.ts'

/** A bug planted by wrapping a port; the product itself has no switch for it. */
export interface Mutant {
  readonly name: string
  /** What a checker says when it has found it. */
  readonly found: RegExp
  /** It must be found in one of the seeds first … within. */
  readonly within: number
  /** 1 unless said: where the worlds before come to no rest under it, and take minutes to say so. */
  readonly first?: number
  /** The worlds of one seed that are tried, where chance alone takes too long: the crash points that matter. */
  readonly crashes?: readonly { readonly point: string; readonly n: number }[]
  /** 3 unless said. */
  readonly hosts?: number
  /** Where the usual losses are too rare to meet it soon. */
  readonly losses?: Losses
  /** Made anew for each world. */
  make(): { readonly control?: ControlMutations; readonly host?: HostMutations }
}

type Statement = InStatement | [string, InArgs?]
const sqlOf = (statement: Statement): string =>
  typeof statement === 'string' ? statement : Array.isArray(statement) ? statement[0] : statement.sql

/** A client whose batches are rewritten on their way. */
const rewriting = (client: Client, rewrite: (statements: readonly Statement[]) => readonly Statement[]): Client => ({
  ...client,
  closed: false,
  batch: (statements: Statement[], mode?: Parameters<Client['batch']>[1]) => client.batch([...rewrite(statements)], mode),
})

const without = (pattern: RegExp) => (statements: readonly Statement[]) => statements.filter(s => !pattern.test(sqlOf(s)))
const edited = (pattern: RegExp, edit: (sql: string) => string) => (statements: readonly Statement[]) =>
  statements.map(s => (typeof s === 'object' && 'sql' in s && pattern.test(s.sql) ? { ...s, sql: edit(s.sql) } : s))

const client = (rewrite: (statements: readonly Statement[]) => readonly Statement[]) => () => ({
  control: { client: (inner: Client) => rewriting(inner, rewrite) },
})
const projection = (change: (host: string, objects: readonly Wanted[]) => readonly Wanted[]) => ({
  control: {
    store: (store: Store): Store => ({
      ...store,
      hosts: {
        ...store.hosts,
        desired: async (host: Id<'host'>) => {
          const desired = await store.hosts.desired(host)
          return desired.ok ? ok({ ...desired.value, objects: change(host, desired.value.objects) }) : desired
        },
      },
    }),
  },
})

const resets = [1, 2, 3].map(n => ({ point: 'port.compute.reboot.after', n }))

export const mutants: readonly Mutant[] = [
  {
    name: 'the guards are left out of batches',
    found: /both pursue|placed nowhere|went back|are allocated on/,
    within: 12,
    make: client(without(/^INSERT INTO guard /)),
  },
  {
    name: 'what the agent writes is not on disk when it counts',
    found: /was reset \d+ times, asked/,
    within: 3,
    crashes: resets,
    make: () => ({
      host: {
        disk: disk => {
          disk.honest = false
        },
      },
    }),
  },
  {
    name: 'a batch whose answer was lost is sent again without looking',
    found: /landed twice|may make|not told of|was refused/,
    within: 15,
    losses: { ...noLosses, answer: 0.2 },
    make: () => {
      let n = 0
      return {
        control: {
          client: inner => ({
            ...inner,
            closed: false,
            batch: async (statements, mode) => {
              try {
                return await inner.batch(statements, mode)
              } catch (error) {
                if (mode !== 'write' || !(error instanceof TypeError)) throw error
                const again = statements.map(s =>
                  typeof s === 'object' && 'sql' in s && /INTO commits/.test(s.sql)
                    ? { ...s, args: [`cmt_again${n++}`, 0, 1].slice(0, Array.isArray(s.args) ? s.args.length : 2) }
                    : s,
                )
                return inner.batch(again, mode)
              }
            },
          }),
        },
      }
    },
  },
  {
    name: 'a batch whose answer was lost is taken as landed',
    found: /not there|not converged|was answered/,
    within: 8,
    losses: { ...noLosses, request: 0.1 },
    make: () => ({
      control: {
        client: inner => ({
          ...inner,
          closed: false,
          batch: async (statements, mode) => {
            try {
              return await inner.batch(statements, mode)
            } catch (error) {
              if (mode !== 'write' || !(error instanceof TypeError)) throw error
              return []
            }
          },
        }),
      },
    }),
  },
  {
    name: 'commands that were done are forgotten when the agent starts again',
    found: /was reset \d+ times, asked/,
    within: 8,
    crashes: resets,
    make: () => ({ host: { onStart: host => host.disk.lose('outbox.jsonl') } }),
  },
  {
    name: 'an older intent is applied over a newer one',
    found: /is gone|without an allocation|nobody wanted|made again|is left/,
    within: 8,
    make: () => {
      // As if the agent took any generation for the newest: what was wanted before comes again under the newest number.
      const told = new Map<string, (readonly Wanted[])[]>()
      const newest = new Map<string, number>()
      let n = 0
      return projection((host, objects) => {
        for (const { id, generation } of objects) newest.set(id, Math.max(newest.get(id) ?? 0, generation))
        const before = told.get(host) ?? []
        told.set(host, [...before, objects].slice(-6))
        const [old] = before
        if (!old || ++n % 4 !== 0) return objects
        return old.map(object => ({ ...object, generation: newest.get(object.id) ?? object.generation }))
      })
    },
  },
  {
    name: 'observations are taken in any order',
    found: /was overwritten by/,
    within: 20,
    // Both of it: that an older link is fenced, and that rows are ordered by (epoch, seq).
    make: client(statements => {
      const unfenced = without(/^INSERT INTO guard \(stale\) SELECT 1 WHERE NOT EXISTS/)(statements)
      return edited(/^insert into "machine_observed"/i, sql => sql.replace(/ where \(.*\)\s*$/i, ''))(unfenced)
    }),
  },
  {
    name: 'tombstones are lost',
    found: /not converged/,
    within: 4,
    make: () => projection((_, objects) => objects.filter(object => object.kind !== 'machine' || object.power !== 'gone')),
  },
  {
    name: 'usage that is told twice counts twice',
    found: /usage: hosts reported/,
    first: 2,
    within: 6,
    // As if each came in a series of its own.
    make: () => {
      let n = 0
      return {
        control: {
          store: store => ({
            ...store,
            usage: { ...store.usage, last: async () => ok(0) },
            commit: changes =>
              store.commit(
                changes.map(change =>
                  change.do === 'usage.keep' ? { ...change, series: `again ${n++}`, oldest: change.n } : change,
                ),
              ),
          }),
        },
      }
    },
  },
  {
    name: 'capacity is read and then written',
    found: /are allocated on/,
    within: 8,
    hosts: 1,
    // Without its predicate the claim is what placement read before; it reads now and then.
    make: () => {
      let reads = 0
      let before: Awaited<ReturnType<Store['hosts']['roomiest']>> | null = null
      const unguarded = (claim: string, args: readonly InValue[]) => {
        const [from, to] = [claim.search(/\s+AND \(h\.accepting/), claim.search(/\s+ORDER BY h\.id/)]
        const asked = (part: string) => part.split('?').length - 1
        const [kept, left] = [asked(claim.slice(0, from)), asked(claim.slice(from, to))]
        return { sql: claim.slice(0, from) + claim.slice(to), args: [...args.slice(0, kept), ...args.slice(kept + left)] }
      }
      const stripped = (statements: readonly Statement[]) =>
        statements.map(s =>
          typeof s === 'object' && 'sql' in s && /^\s*INSERT INTO allocation/.test(s.sql) && Array.isArray(s.args)
            ? unguarded(s.sql, s.args)
            : s,
        )
      return {
        control: {
          client: inner => rewriting(inner, stripped),
          store: store => ({
            ...store,
            hosts: {
              ...store.hosts,
              roomiest: async (demand, most) => {
                if (before === null || !before.ok || ++reads % 4 === 0) before = await store.hosts.roomiest(demand, most)
                return before
              },
            },
          }),
        },
      }
    },
  },
  {
    name: 'operations do not notice that a newer intent has come',
    found: /not converged/,
    within: 8,
    make: () => ({
      control: {
        // Each operation that is due takes the newest intent for its own.
        store: store => ({
          ...store,
          operations: {
            ...store.operations,
            due: async (shard, now, limit) => {
              const due = await store.operations.due(shard, now, limit)
              if (!due.ok) return due
              const subjects = [...new Set(due.value.map(o => o.subject).filter(id => isId('machine', id)))]
              const found = subjects.length === 0 ? ok([]) : await store.machines.find('platform', subjects)
              const newest = new Map<string, number>(found.ok ? found.value.map(m => [m.id, m.generation]) : [])
              return ok(due.value.map(o => ({ ...o, generation: Math.max(o.generation, newest.get(o.subject) ?? 0) })))
            },
          },
        }),
      },
    }),
  },
  {
    name: 'idempotency tokens are not written',
    found: /landed twice|may make|not told of|was answered/,
    within: 8,
    make: client(without(/^insert into "token"/i)),
  },
]
