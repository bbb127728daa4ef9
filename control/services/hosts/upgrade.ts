import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { oldestProtocol } from '@sirocco/shared/wire/version.ts'
import { z } from 'zod'
import type { Host } from '../../domain/hosts/host.ts'
import { ageOf, mayUpgrade, toUpgrade } from '../../domain/hosts/upgrade.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'
import type { Store } from '../../ports/store.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'
import { theHost } from './the-host.ts'

const none = refuse(
  'unsupported',
  'this control plane hands out no bundle of the agent: deploy one with it, and name it by AGENT_BUNDLE',
)

/** A host's agent becomes the one that this control plane hands out. Its machines go on; nothing where it is that one already. */
export const upgradeHost = write('hosts.upgrade', {
  input: z.object({ host: Ref }),
  async run({ store, ids, principal, agentBundle }, { host: id }) {
    if (agentBundle === undefined) return none
    const found = await theHost(store, id)
    if (!found.ok) return found
    const host = found.value
    const age = ageOf(host, { bundle: agentBundle, oldestProtocol })
    if (age === 'current') return ok({ answer: { operations: [] }, subjects: [host.id], changes: [] })
    const may = mayUpgrade(host, age)
    if (!may.ok) return may
    const operation = ids.make('operation')
    const changes = upgradeChanges(host, { operation, bundle: agentBundle, rolling: false, project: principal.project })
    return ok({ answer: { operations: [operation] }, subjects: [host.id], changes })
  },
})

/** The agents of all hosts that are heard, one after the other. The first that does not come about ends it. */
export const upgradeHosts = write('hosts.upgrade', {
  input: z.object({}),
  async run({ store, ids, principal, agentBundle }) {
    if (agentBundle === undefined) return none
    const next = await nextToUpgrade(store, agentBundle)
    if (!next.ok) return next
    if (next.value === null) return ok({ answer: { operations: [] }, subjects: [], changes: [] })
    const operation = ids.make('operation')
    const how = { operation, bundle: agentBundle, rolling: true, project: principal.project }
    return ok({ answer: { operations: [operation] }, subjects: [next.value.id], changes: upgradeChanges(next.value, how) })
  },
})

/** The first host, in the order of their ids, whose agent is not yet the one that is handed out. */
export async function nextToUpgrade(store: Store, bundle: string): Promise<Result<Host | null>> {
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['hosts']['list']>> = await store.hosts.list({ after, limit: limits.pageMax })
    if (!page.ok) return page
    const [next] = toUpgrade(page.value.items, { bundle, oldestProtocol })
    if (next) return ok(next)
    after = page.value.next
  } while (after !== null)
  return ok(null)
}

/** What begins the upgrade of one host's agent. */
export const upgradeChanges = (host: Host, { operation, bundle, rolling, project }: UpgradeAsked): Change[] => [
  { do: 'host.intent', host: host.id, generation: host.generation },
  { do: 'agent-upgrade.ask', host: host.id, generation: host.generation + 1, agent: host.agent, bundle, rolling },
  {
    do: 'operation.start',
    operation: {
      id: operation,
      kind: 'host.upgrade',
      workflow: workflowVersions['host.upgrade'],
      project,
      subject: host.id,
      generation: host.generation + 1,
    },
  },
  { do: 'event', project: null, type: 'host.upgrade', subject: host.id, data: { operation, bundle, rolling } },
]

export interface UpgradeAsked {
  readonly operation: Id<'operation'>
  readonly bundle: string
  /** The next host follows. */
  readonly rolling: boolean
  readonly project: Id<'project'>
}
