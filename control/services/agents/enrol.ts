import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { EnrolAnswer, EnrolRequest } from '@sirocco/shared/wire/enrol.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'
import { sha256 } from '../sha256.ts'

/** Makes an agent of whoever shows a one-time token: its key and hosts are kept, the token is used up, all in one batch. */
export async function enrol({ store, ids, pokes }: Ports, request: EnrolRequest): Promise<Result<EnrolAnswer>> {
  const tokenHash = await sha256(request.token)
  const allowed = await store.agents.enrolment(tokenHash)
  if (!allowed.ok) return allowed
  const count = await store.agents.count()
  if (!count.ok) return count
  const agent = ids.make('agent')
  const { zone } = allowed.value
  const hosts = request.hosts.map(({ name }) => ({ id: ids.make('host'), name }))
  const changes: Change[] = [
    { do: 'enrolment.use', tokenHash, agent },
    {
      do: 'agent.insert',
      agent,
      publicKey: request.publicKey,
      fingerprint: request.fingerprint,
      zone,
      version: request.agentVersion,
      linkObject: Math.floor(count.value / limits.agentsPerLinkObject),
    },
    ...hosts.map(({ id, name }) => ({ do: 'host.insert', host: id, agent, zone, name }) as const),
    { do: 'event', project: null, type: 'agent.enrolled', subject: agent },
    { do: 'audit', project: null, actor: agent, verb: 'agents.enrol', subjects: hosts.map(h => h.id) },
  ]
  const written = await store.commit(changes)
  if (!written.ok) return written
  pokeFor(pokes, changes)
  return ok({ agent, hosts })
}
