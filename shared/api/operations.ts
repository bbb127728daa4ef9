import { z } from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { Reason, Ref, Time } from './text.ts'

export const Operation = z.strictObject({
  id: z.string(),
  kind: z.enum([
    'machine.create',
    'machine.start',
    'machine.stop',
    'machine.reboot',
    'machine.delete',
    'migration.run',
    'host.maintain',
  ]),
  /** The machine, or the host, that it is about. */
  machine: z.string(),
  /** `stuck` waits for an admin; done, failed and superseded have ended. */
  state: z.enum(['running', 'parked', 'undoing', 'done', 'failed', 'superseded', 'stuck']),
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
export const OperationQuery = z.strictObject({ ...pageQuery, machine: Ref.optional() })
