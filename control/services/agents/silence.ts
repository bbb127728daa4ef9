import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Change } from '../../ports/changes.ts'
import type { Agent } from '../../ports/store.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'

/** Notes that nothing is heard of an agent: its machines are `unknown` until it links again. A newer link makes this nothing. */
export async function noteSilence(
  { store, clock, pokes }: Ports,
  { id, epoch, hosts }: Pick<Agent, 'id' | 'epoch' | 'hosts'>,
): Promise<Result<void>> {
  const changes: Change[] = [
    { do: 'agent.silent', agent: id, epoch, since: clock.now() },
    ...hosts.map(host => ({ do: 'event', project: null, type: 'host.silent', subject: host.id }) as const),
  ]
  const written = await store.commit(changes)
  if (written.ok) pokeFor(pokes, changes)
  return written.ok || written.fault.code !== 'stale' ? written : ok(undefined)
}
