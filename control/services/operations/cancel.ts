import { kindPermits, operationRefusal } from '@sirocco/shared/model/operations/permits.ts'
import { intend } from '../../domain/machines/intend.ts'
import { intendAll } from '../machines/intend.ts'
import { write } from '../verb.ts'
import { refused, tell } from './ask.ts'
import { OperationRef, visible } from './find.ts'

/**
 * Gives an operation up where its kind permits. A launch is given up by deleting its machine, disk and all: then the delete is what goes
 * on. Others go no further, and undo what they did.
 */
export const cancelOperation = write('operations.cancel', {
  input: OperationRef,
  async run(context, { operation: id }) {
    const found = await visible(context, id)
    if (!found.ok) return found
    const operation = found.value
    const why = operationRefusal('cancel', operation)
    if (why) return refused(why, operation)
    if (kindPermits[operation.kind].cancel !== 'delete')
      return tell('cancel', operation, { state: operation.state, asked: 'cancel' })
    const scope = { project: operation.project }
    const machines = await context.store.machines.find(scope, [operation.subject])
    if (!machines.ok) return machines
    if (machines.value[0]?.generation !== operation.generation) return refused('is_outdated', operation)
    return intendAll({ ...context, scope }, [operation.subject], 'machine.delete', machine => intend('delete', machine, 'gone'))
  },
})
