import { kindPermits, operationRefusal } from '@sirocco/shared/model/operations/permits.ts'
import { z } from 'zod'
import { write } from '../verb.ts'
import { refused, tell } from './ask.ts'
import { OperationRef, visible } from './find.ts'

/**
 * An admin's word on a stuck operation: `retry` goes on where it got stuck; `fail` ends it, undoing what can be undone, and where the
 * undoing itself got stuck leaving the rest to the admin.
 */
export const resolveOperation = write('operations.resolve', {
  input: OperationRef.extend({ how: z.enum(['retry', 'fail']) }),
  async run(context, { operation: id, how }) {
    const found = await visible(context, id)
    if (!found.ok) return found
    const operation = found.value
    const why = operationRefusal('resolve', operation)
    if (why) return refused(why, operation)
    if (how === 'fail' && !kindPermits[operation.kind].fails) return refused('must_finish', operation)
    return tell('resolve', operation, {
      state: operation.stuckIn === 'undoing' ? 'undoing' : 'running',
      asked: how === 'fail' ? 'fail' : null,
    })
  },
})
