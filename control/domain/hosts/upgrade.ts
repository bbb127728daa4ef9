import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Host } from './host.ts'

export type AgentAge = 'current' | 'available' | 'outdated' | 'unknown'

/** What a control plane hands out, and the oldest protocol that it still speaks. */
export interface Offer {
  /** SHA-256 of the bundle. */
  readonly bundle: string | undefined
  readonly oldestProtocol: number
}

/** How a host's agent stands against what is handed out. */
export function ageOf({ agentBundle, agentProtocol }: Host, { bundle, oldestProtocol }: Offer): AgentAge {
  if (agentProtocol !== null && agentProtocol < oldestProtocol) return 'outdated'
  if (agentBundle === null || bundle === undefined) return 'unknown'
  return agentBundle === bundle ? 'current' : 'available'
}

/** May its agent become another now? One that is too old for a link asks by itself, so its silence is no reason. */
export function mayUpgrade(host: Host, age: AgentAge): Result<void> {
  if (host.silentSince !== null && age !== 'outdated')
    return refuse('precondition', `the agent of ${host.name} does not answer: bring it back first`)
  if (host.maintenance === 'moving' || host.maintenance === 'stopping')
    return refuse('precondition', `${host.name} is being emptied: upgrade its agent once that has ended`)
  return ok(undefined)
}

/** Those that a rolling upgrade still has to come to. */
export const toUpgrade = (hosts: readonly Host[], offer: Offer): Host[] =>
  hosts.filter(host => {
    const age = ageOf(host, offer)
    return (age === 'available' || age === 'outdated') && mayUpgrade(host, age).ok
  })
