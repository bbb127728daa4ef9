import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { FenceWay } from '@sirocco/shared/model/hosts/power.ts'
import type { Host } from './host.ts'

/** May this host be fenced, in this way? `typed` is what the admin wrote for its name. */
export function mayFence(host: Host, how: FenceWay, typed: string | undefined): Result<void> {
  if (host.silentSince === null)
    return refuse(
      'precondition',
      `host ${host.name} is heard from: stop or move its machines instead; only a silent host is fenced`,
    )
  if (host.fenced !== null) return refuse('precondition', `host ${host.name} is fenced already`)
  if (how !== 'word' && host.power?.way !== how)
    return refuse(
      'precondition',
      host.power !== null
        ? `the management controller of host ${host.name} is spoken to by ${host.power.way}`
        : `no management controller is known for host ${host.name}; tell its address first, or see for yourself that the host is off and give your word`,
      { field: 'how' },
    )
  if (how === 'word' && typed !== host.name)
    return refuse('invalid', `type the host's name, ${host.name}: by that you say that nothing runs on it any more`, {
      field: 'confirm',
    })
  return ok(undefined)
}

/** Hosts whose agents can reach the controller of another of their site. */
export const neighbours = (hosts: readonly Host[], host: Host): Host[] =>
  hosts.filter(({ agent, silentSince, facts }) => agent !== host.agent && silentSince === null && facts !== null)
