import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { z } from 'zod'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { toBase64Url } from '../base64.ts'
import { Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/**
 * A ticket to a running machine's serial console: good once, for `limits.ticket`, at `/api/v1/consoles/<ticket>`. The agent has been told
 * to dial the other end.
 */
export const openConsole = read('machines.console', {
  input: z.object({ machine: Ref }),
  async run({ store, scope, links, streams, ids, random, clock }, { machine: ref }) {
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine?.host || stateOfMachine(machine) !== 'running')
      return refuse('precondition', say('machine.no_console', { name: machine?.name ?? ref }))
    const agent = await store.agents.ofHost(machine.host)
    if (!agent.ok) return agent
    const ticket = toBase64Url(random.bytes(32))
    const opened = await streams.open(ticket, { agent: agent.value.id, machine: machine.id })
    if (!opened.ok) return opened
    const sent = await links.send({
      id: ids.make('command'),
      host: machine.host,
      deadline: clock.now() + limits.ticket,
      body: { do: 'console', machine: machine.id, path: `/agent/streams/${ticket}` },
    })
    return sent.ok ? ok({ ticket }) : sent
  },
})
