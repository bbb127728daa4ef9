import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Agent } from '../../ports/store.ts'
import type { Ports } from '../context.ts'

/** Notes that nothing is heard of an agent: its machines are `unknown` until it links again. A newer link makes this nothing. */
export async function noteSilence(
  { store, clock }: Ports,
  { id, epoch, hosts }: Pick<Agent, 'id' | 'epoch' | 'hosts'>,
): Promise<Result<void>> {
  const written = await store.commit([
    { do: 'agent.silent', agent: id, epoch, since: clock.now() },
    ...hosts.map(host => ({ do: 'event', project: null, type: 'host.silent', subject: host.id }) as const),
  ])
  return written.ok || written.fault.code !== 'stale' ? written : ok(undefined)
}
