import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { UpgradeAnswer, UpgradeReport } from '@sirocco/shared/wire/upgrade.ts'
import type { Change } from '../../ports/changes.ts'
import type { Agent } from '../../ports/store.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'

/** Hears how an agent stands, and tells it what it should be. What it was wanted to be is over where it is that, or says why it is not. */
export async function hearUpgrade(
  { store, pokes }: Ports,
  agent: Agent,
  { agentVersion: version, bundle, failed }: UpgradeReport,
): Promise<Result<UpgradeAnswer>> {
  const { upgrade } = agent
  const changes: Change[] = []
  if (agent.bundle !== bundle || agent.version !== version) changes.push({ do: 'agent.said', agent: agent.id, version, bundle })
  const came = upgrade?.bundle === bundle
  const why = upgrade !== null && failed?.bundle === upgrade.bundle ? failed.why : null
  if (upgrade && (came || why !== null)) {
    const { host, generation } = upgrade
    changes.push({ do: 'agent-upgrade.end', host, generation, why: came ? null : why })
    changes.push({ do: 'operation.wake', subject: host, generation })
  }
  if (changes.length > 0) {
    const written = await store.commit(changes)
    if (!written.ok) return written
    pokeFor(pokes, changes)
  }
  return ok({ wanted: upgrade && !came && why === null ? upgrade.bundle : null })
}
