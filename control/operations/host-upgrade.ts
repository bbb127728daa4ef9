import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { AgentUpgrade } from '../ports/store.ts'
import { nextToUpgrade, upgradeChanges } from '../services/hosts/upgrade.ts'
import { done, fail, park, type Step, type StepContext, type Workflow } from './engine.ts'

type Context = StepContext<'host'>

/** The agent is told that it should be another, until it says that it is, or why not: it asks and answers by itself, this is but a hint. */
const told: Step<'host'> = {
  name: 'told',
  async run(context) {
    const { world, operation, subject: host } = context
    const asked = await upgradeOf(context)
    if (!asked.ok) return asked
    const { endedAt, why, generation, bundle } = asked.value
    if (endedAt !== null && why === null)
      return done({
        do: 'event',
        project: null,
        type: 'host.upgraded',
        subject: host.id,
        data: { operation: operation.id, bundle },
      })
    if (why !== null) return refuse('internal', `the agent of ${host.name} is as it was: ${why}`)
    const now = world.clock.now()
    if (now > operation.createdAt + limits.upgrade) {
      const late = 'it did not say in time that it is upgraded'
      const { fault } = refuse('internal', `the agent of ${host.name}: ${late}; it goes on as it is, look at its log`)
      return fail(fault, { do: 'agent-upgrade.end', host: host.id, generation, why: late })
    }
    const hint = { id: world.ids.make('operation'), host: host.id, deadline: now + limits.parkSweep }
    const sent = await world.links.send({ ...hint, body: { do: 'upgrade', target: host.id } })
    if (!sent.ok && sent.fault.code !== 'unavailable') return sent
    return park(say(sent.ok ? 'waiting.agent_upgrade' : 'waiting.silent_host'))
  },
}

/** A rolling upgrade goes on with the next host. */
const next: Step<'host'> = {
  name: 'next',
  async run(context) {
    const { world, operation } = context
    const asked = await upgradeOf(context)
    if (!asked.ok) return asked
    const { rolling, bundle } = asked.value
    if (!rolling) return done()
    const found = await nextToUpgrade(world.store, bundle)
    if (!found.ok) return found
    if (found.value === null) return done()
    const how = { operation: world.ids.make('operation'), bundle, rolling, project: operation.project }
    return done(...upgradeChanges(found.value, how))
  },
}

async function upgradeOf({ world, operation, subject: host }: Context): Promise<Result<AgentUpgrade>> {
  const found = await world.store.hosts.upgrade(host.id, operation.generation)
  if (!found.ok) return found
  return found.value === null ? refuse('internal', `nobody asked for the agent of ${host.name} to be upgraded`) : ok(found.value)
}

/** From an admin's wish to an agent that says it is the one that was wanted; then the next, where all were meant. */
export const hostUpgrade: Workflow<'host'> = {
  kind: 'host.upgrade',
  version: 1,
  steps: [told, next],
  failed: ({ subject: host, operation }, fault) => [
    {
      do: 'event',
      project: null,
      type: 'host.upgrade.failed',
      subject: host.id,
      data: { operation: operation.id, message: fault.message },
    },
  ],
}
