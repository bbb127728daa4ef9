import type { Result } from '@sirocco/shared/kit/fault.ts'
import { operationRefusal } from '@sirocco/shared/model/operations/permits.ts'
import { hasEnded, type OperationKind } from '@sirocco/shared/model/operations/states.ts'
import { intend } from '../../domain/machines/intend.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import type { Operation } from '../../domain/operations/operation.ts'
import { intendAll } from '../machines/intend.ts'
import { rebootAll } from '../machines/reboot.ts'
import { type Context, type Decision, write } from '../verb.ts'
import { type Asked, refused, tell } from './ask.ts'
import { OperationRef, visible } from './find.ts'

type Again = (context: Context, machine: Machine) => Promise<Result<Decision<Asked>>>

/** How the same is asked once more; which kinds permit it stands in `shared/model/operations/permits.ts`. */
const again: Partial<Record<OperationKind, Again>> = {
  'machine.start': (context, { id }) => intendAll(context, [id], 'machine.start', machine => intend('start', machine, 'on')),
  'machine.stop': (context, { id, power }) =>
    intendAll(context, [id], 'machine.stop', machine => intend('stop', machine, power === 'cut' ? 'cut' : 'off')),
  'machine.reboot': (context, { id }) => rebootAll(context, [id]),
}

/** What waits is tried at once, its tries counted anew; what failed or was cancelled is asked again, by an operation of its own. */
export const retryOperation = write('operations.retry', {
  input: OperationRef,
  async run(context, { operation: id }) {
    const found = await visible(context, id)
    if (!found.ok) return found
    const operation = found.value
    const why = operationRefusal('retry', operation)
    if (why) return refused(why, operation)
    return hasEnded(operation.state)
      ? askAgain(context, operation)
      : tell('retry', operation, { state: operation.state, asked: operation.asked })
  },
})

async function askAgain(context: Context, operation: Operation): Promise<Result<Decision<Asked>>> {
  const ask = again[operation.kind]
  if (!ask) return refused('is_over', operation)
  const machines = await context.store.machines.find({ project: operation.project }, [operation.subject])
  if (!machines.ok) return machines
  const [machine] = machines.value
  if (!machine || machine.generation !== operation.generation) return refused('is_outdated', operation)
  return ask({ ...context, scope: { project: operation.project } }, machine)
}
