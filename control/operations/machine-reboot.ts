import { refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { done, park, type Workflow } from './engine.ts'

/** One reset, at most once: the command carries the operation's id, and its result is a row. */
export const machineReboot: Workflow = {
  kind: 'machine.reboot',
  version: 1,
  steps: [
    {
      name: 'reset',
      async run({ world, operation, subject: machine }) {
        const known = await world.store.commands.outcome(operation.id)
        if (!known.ok) return known
        const outcome = known.value?.outcome
        if (outcome)
          return outcome.ok
            ? done()
            : refuse(outcome.fault.code === 'unavailable' ? 'internal' : outcome.fault.code, outcome.fault.message)
        const deadline = operation.createdAt + limits.launch
        if (world.clock.now() > deadline) return refuse('internal', say('machine.no_answer', { name: machine.name }))
        const asked = await world.clouds
          .of(machine.region)
          .act({ id: operation.id, do: 'reboot', machine: machine.id, host: machine.host, deadline })
        if (!asked.ok && asked.fault.code !== 'unavailable') return asked
        return park(say(asked.ok ? 'waiting.host' : 'waiting.silent_host'))
      },
    },
  ],
  /** Nobody sends it again; a host that heard it already has its way. */
  failed: ({ operation }, { code, message }) => [
    { do: 'command.result', id: operation.id, outcome: { ok: false, fault: { code, message } } },
  ],
}
