import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { toBase64Url } from '../base64.ts'
import { Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/**
 * A ticket to a machine's screen, and the password that this ticket's viewer is asked for (VNC authentication takes 8 characters): both good
 * for `limits.ticket`. The agent has been told to dial the other end.
 */
export const openScreen = read('machines.screen', {
  input: z.object({ machine: Ref }),
  async run({ store, scope, links, streams, ids, random, clock }, { machine: ref }) {
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine?.host || !shows(stateOfMachine(machine)))
      return refuse('precondition', `${machine?.name ?? ref} is not running; its screen can be opened once it runs`)
    const agent = await store.agents.ofHost(machine.host)
    if (!agent.ok) return agent
    const ticket = toBase64Url(random.bytes(32))
    const password = hex(random, 8)
    const opened = await streams.open(ticket, { agent: agent.value.id, machine: machine.id })
    if (!opened.ok) return opened
    const sent = await links.send({
      id: ids.make('command'),
      host: machine.host,
      deadline: clock.now() + limits.ticket,
      body: { do: 'screen', machine: machine.id, path: `/agent/streams/${ticket}`, password },
    })
    return sent.ok ? ok({ ticket, password }) : sent
  },
})

const shows = (state: string): boolean => state === 'running' || state === 'paused' || state === 'stopping'

/** A picture of what the screen shows now, PNG in base64, at most `limits.screenshotBytes` before it. */
export const takeScreenshot = read('machines.screenshot', {
  input: z.object({ machine: Ref }),
  async run({ store, scope, links, ids, clock }, { machine: ref }) {
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine?.host || !shows(stateOfMachine(machine)))
      return refuse('precondition', `${machine?.name ?? ref} is not running; its screen can be seen once it runs`)
    const answer = await links.ask({
      id: ids.make('command'),
      host: machine.host,
      body: { do: 'screenshot', machine: machine.id },
    })
    return answer.ok ? ok({ base64: answer.value, at: clock.now() }) : answer
  },
})
