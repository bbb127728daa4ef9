import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { AgentLinks } from '../../../ports/agent-link.ts'
import type { Connector } from '../../../ports/connector.ts'
import type { Pokes } from '../../../ports/pokes.ts'
import type { Store } from '../../../ports/store.ts'

/**
 * Our own hosts, through their agents. What is wanted is a projection of rows, pulled by the link objects: `ensure` only pokes.
 * What is seen is pushed by the agents and lands as rows through `services/agents/observe`, so there is nothing to poll.
 */
export const privateCloud = ({ store, pokes, links }: { store: Store; pokes: Pokes; links: AgentLinks }): Connector => ({
  async capabilities() {
    const supported = { supported: true }
    return { reboot: supported, pause: supported, suspend: supported, console: supported, consoleLog: supported }
  },
  async ensure({ host }) {
    if (host !== null) pokes.hosts([host])
    return ok('accepted')
  },
  async act({ id, machine, host, deadline }) {
    if (host === null) return refuse('precondition', 'the machine is on no host')
    const body = { do: 'reboot', machine } as const
    const kept = await store.commit([{ do: 'command.insert', id, host, body }])
    if (!kept.ok) return kept
    const sent = await links.send({ id, host, deadline, body })
    return sent.ok ? ok('accepted') : sent
  },
  async observe(cursor) {
    return ok({ facts: [], cursor: cursor ?? '', complete: true })
  },
})
