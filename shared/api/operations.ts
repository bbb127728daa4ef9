import { z } from 'zod'
import type { OperationAdvice, OperationRefusal, OperationVerb } from '../model/operations/permits.ts'
import { operationKinds, operationStates } from '../model/operations/states.ts'
import { pageOf, pageQuery } from './page.ts'
import { Reason, Ref, Time } from './text.ts'

const RefusalKey = z.enum({
  is_done: 'is_done',
  is_over: 'is_over',
  is_superseded: 'is_superseded',
  is_cleaning_up: 'is_cleaning_up',
  is_stuck: 'is_stuck',
  is_not_stuck: 'is_not_stuck',
  never_ran: 'never_ran',
  is_outdated: 'is_outdated',
  ask_anew: 'ask_anew',
  took_effect: 'took_effect',
  must_finish: 'must_finish',
} as const satisfies { [K in OperationRefusal]: K })

const Advice = z.enum({
  wait: 'wait',
  retry: 'retry',
  launch_again: 'launch_again',
  ask_anew: 'ask_anew',
  ask_admin: 'ask_admin',
  nothing: 'nothing',
} as const satisfies { [K in OperationAdvice]: K })

/** null: may be asked now. Otherwise the key of why not. `resolve` is for admins. */
const Allowed = z.strictObject({
  retry: RefusalKey.nullable(),
  cancel: RefusalKey.nullable(),
  resolve: RefusalKey.nullable(),
} satisfies Record<OperationVerb, z.ZodType<OperationRefusal | null>>)

/** `current` is under way or waits; `left` will not be come to any more. */
const Step = z.strictObject({ name: z.string(), state: z.enum(['done', 'current', 'pending', 'undoing', 'failed', 'left']) })

export const Operation = z.strictObject({
  id: z.string(),
  kind: z.enum(operationKinds),
  /** What it is about: the id of a machine, volume, snapshot, image or host, as its kind says. */
  subject: z.string(),
  /** `stuck` waits for an admin; done, failed, cancelled and superseded have ended. */
  state: z.enum(operationStates),
  steps: z.array(Step),
  /** Whom or what it waits for, in one line. */
  waiting: z.string().nullable(),
  waitingSaid: z.strictObject({ key: z.string(), params: z.record(z.string(), z.string()) }).nullable(),
  waitingSince: Time.nullable(),
  /** When it looks, or tries, again by itself at the latest. */
  looksAgainAt: Time.nullable(),
  /** When it is given up by itself; null: it waits as long as it takes. */
  givesUpAt: Time.nullable(),
  /** What to do next. */
  advice: Advice,
  allowed: Allowed,
  fault: Reason.nullable(),
  generation: z.int(),
  createdAt: Time,
  endedAt: Time.nullable(),
})
export type Operation = z.output<typeof Operation>

/** With its log, newest line first: to admins, else null. */
export const OperationDetail = Operation.extend({
  log: z.array(z.strictObject({ step: z.string(), outcome: z.string(), at: Time })).nullable(),
})
export type OperationDetail = z.output<typeof OperationDetail>

export const OperationParams = z.strictObject({ id: z.string().min(1).max(64) })

/** The operation as it is now, and what goes on: itself, or what was begun instead. */
export const OperationAsked = z.strictObject({ operation: Operation, operations: z.array(z.string()) })
export type OperationAsked = z.output<typeof OperationAsked>

/** `retry`: goes on where it got stuck. `fail`: ends, undoing what can be undone. */
export const ResolveOperation = z.strictObject({ how: z.enum(['retry', 'fail']) })

/** Newest first. */
export const OperationPage = pageOf(Operation)
export const OperationQuery = z.strictObject({ ...pageQuery, subject: Ref.optional() })
