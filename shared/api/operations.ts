import { z } from 'zod'
import { operationKinds, operationStates } from '../model/operations/states.ts'
import { pageOf, pageQuery } from './page.ts'
import { Reason, Ref, Time } from './text.ts'

export const Operation = z.strictObject({
  id: z.string(),
  kind: z.enum(operationKinds),
  /** What it is about: the id of a machine, volume or snapshot, as its kind says. */
  subject: z.string(),
  /** `stuck` waits for an admin; done, failed and superseded have ended. */
  state: z.enum(operationStates),
  /** Why it waits, in one line. */
  waiting: z.string().nullable(),
  fault: Reason.nullable(),
  generation: z.int(),
  createdAt: Time,
  endedAt: Time.nullable(),
})
export type Operation = z.output<typeof Operation>

/** Newest first. */
export const OperationPage = pageOf(Operation)
export const OperationQuery = z.strictObject({ ...pageQuery, subject: Ref.optional() })
