import { canonical } from '@sirocco/shared/kit/canonical.ts'
import { type FaultCode, ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { z } from 'zod'
import type { Principal, Scope } from '../domain/access/principal.ts'
import { allows, type VerbName } from '../domain/access/rights.ts'
import type { Change } from '../ports/changes.ts'
import type { Ports } from './context.ts'
import { pokeFor } from './poke.ts'
import { sha256 } from './sha256.ts'

/** One request: who asks, and the token that makes its repetition land once. */
export interface Call {
  readonly ports: Ports
  readonly principal: Principal
  /** EC2's ClientToken, native's Idempotency-Key; at most 64 characters. */
  readonly token?: string
}

export interface Context extends Ports {
  readonly principal: Principal
  readonly scope: Scope
  readonly token: string | null
  /** From 0; rises when the batch was refused by a guard that a fresh look may pass. */
  readonly attempt: number
  /** Hosts that refused in earlier attempts. */
  readonly refused: ReadonlySet<Id<'host'>>
}

/** What a verb decided: what to write, and what to answer (ids, JSON) once it is written. */
export interface Decision<A> {
  readonly answer: A
  /** Whom the audit names. */
  readonly subjects: readonly string[]
  /** Empty where all is so already: nothing but the token is written then. */
  readonly changes: readonly Change[]
}

export interface Verb<I extends z.ZodType, A> {
  readonly name: VerbName
  readonly input: I
  call(call: Call, input: z.input<I>): Promise<Result<A>>
}

/** What every verb does first: authorise, validate. */
async function admit<I extends z.ZodType>(
  name: VerbName,
  schema: I,
  { principal }: Call,
  input: unknown,
): Promise<Result<z.output<I>>> {
  if (!allows(principal.role, name))
    return refuse('forbidden', say('role.not_permitted', { role: principal.role, verb: name, project: principal.projectName }))
  const parsed = schema.safeParse(input)
  if (parsed.success) return ok(parsed.data)
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  return refuse('invalid', `${field === '' ? '' : `${field}: `}${issue?.message ?? 'invalid'}`, field === '' ? {} : { field })
}

const contextOf = ({ ports, principal, token }: Call, attempt = 0, refused: ReadonlySet<Id<'host'>> = new Set()): Context => ({
  ...ports,
  principal,
  scope: { project: principal.project },
  token: token ?? null,
  attempt,
  refused,
})

/** A verb that only looks. */
export function read<I extends z.ZodType, A>(
  name: VerbName,
  { input: schema, run }: { input: I; run(context: Context, input: z.output<I>): Promise<Result<A>> },
): Verb<I, A> {
  return {
    name,
    input: schema,
    async call(call, input) {
      const admitted = await admit(name, schema, call, input)
      return admitted.ok ? run(contextOf(call), admitted.value) : admitted
    },
  }
}

/** Refusals of the batch that a fresh look may pass. */
const retryable: ReadonlySet<FaultCode> = new Set(['stale', 'capacity', 'conflict'])

/**
 * A verb that changes something: `run` looks and decides, then one batch writes its rows, operations, events, the audit row and the
 * idempotency token, or nothing. The same token with the same request answers the same; with another, `conflict`.
 */
export function write<I extends z.ZodType, A>(
  name: VerbName,
  { input: schema, run }: { input: I; run(context: Context, input: z.output<I>): Promise<Result<Decision<A>>> },
): Verb<I, A> {
  return {
    name,
    input: schema,
    async call(call, input) {
      const admitted = await admit(name, schema, call, input)
      if (!admitted.ok) return admitted
      const { store } = call.ports
      const actor = actorOf(call.principal)
      const whose = tokensOf(call.principal)
      const requestHash = call.token === undefined ? '' : await sha256(canonical(input))

      const answered = async (): Promise<Result<A> | null> => {
        if (call.token === undefined) return null
        const before = await store.tokens.find(whose, name, call.token)
        if (!before.ok) return before
        if (!before.value) return null
        if (before.value.requestHash !== requestHash)
          return refuse(
            'conflict',
            `the token ${call.token} was used before with another request; use a new token for a new request`,
            { field: 'token' },
          )
        return ok(before.value.answer as A)
      }
      const before = await answered()
      if (before) return before

      const refused = new Set<Id<'host'>>()
      let full = 0
      for (let attempt = 0; ; attempt++) {
        const decided = await run(contextOf(call, attempt, refused), admitted.value)
        if (!decided.ok) return decided
        const { answer, changes, subjects } = decided.value
        const batch: Change[] = [...changes]
        if (changes.length > 0) batch.push({ do: 'audit', project: call.principal.project, actor, verb: name, subjects })
        // Also where nothing is to do: repeated later, when it would have an effect, it still has none.
        if (call.token !== undefined)
          batch.push({ do: 'token', principal: whose, verb: name, token: call.token, requestHash, answer })
        if (batch.length === 0) return ok(answer)
        const written = await store.commit(batch)
        if (written.ok) {
          pokeFor(call.ports.pokes, changes)
          return ok(answer)
        }
        const raced = written.fault.code === 'conflict' ? await answered() : null
        if (raced) return raced
        if (written.fault.code === 'capacity') full++
        if (!retryable.has(written.fault.code) || full > limits.placementTries || attempt + 1 >= limits.commitTries)
          return written
        // Which of several did not fit is not known: a fresh look tells.
        const claimed = new Set(changes.flatMap(change => (change.do === 'allocation.claim' ? [change.host] : [])))
        if (written.fault.code === 'capacity' && claimed.size === 1) for (const host of claimed) refused.add(host)
      }
    },
  }
}

/** Whose audit rows: the person, however they came. */
const actorOf = (principal: Principal): string => principal.user
/** Whose tokens: the same person's in another project are others. */
const tokensOf = ({ project, user }: Principal): string => `${project}/${user}`
