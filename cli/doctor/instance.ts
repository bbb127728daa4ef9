import { type Host, HostPage } from '@sirocco/shared/api/hosts.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { askAll } from '../api.ts'
import type { Endpoint } from '../place.ts'
import { bad, type Finding, good, odd } from './finding.ts'

/** What a control plane says of itself and of its hosts. */
export async function examineInstance(endpoint: Result<Endpoint>): Promise<Finding[]> {
  if (!endpoint.ok) return [odd('control plane', endpoint.fault.message)]
  const hosts = await askAll(endpoint.value, '/hosts', HostPage)
  if (!hosts.ok) return [bad('control plane', hosts.fault.message)]
  const states: Readonly<Record<(typeof hosts.value)[number]['state'], (name: string) => Finding>> = {
    up: name => good(`host ${name}`, 'heard from'),
    new: name => bad(`host ${name}`, 'never heard from: see the log of its agent'),
    silent: name => bad(`host ${name}`, 'silent: its agent does not run, or does not reach the control plane'),
  }
  return [
    good('control plane', `answers at ${endpoint.value.url}`),
    await readiness(endpoint.value),
    await clock(endpoint.value),
    ...(hosts.value.length === 0 ? [odd('hosts', 'none is enrolled: machines cannot be launched')] : []),
    ...hosts.value.flatMap(({ name, state, warnings, orphans, upgrade, agentVersion }) => [
      states[state](name),
      ...versions[upgrade](name, agentVersion),
      ...warnings.map(warning => odd(`host ${name}`, warning)),
      ...(orphans.length === 0 ? [] : [odd(`host ${name}`, `carries ${orphans.length} machines that nobody asked for`)]),
    ]),
    ...(await operations(endpoint.value)),
  ]
}

/** Of its agent, against what the control plane hands out. */
const versions: Readonly<Record<Host['upgrade'], (name: string, version: string) => Finding[]>> = {
  current: () => [],
  unknown: () => [],
  available: (name, version) => [
    odd(`host ${name}`, `its agent is of version ${version}, and there is another: upgrade it from Hosts`),
  ],
  outdated: (name, version) => [
    bad(`host ${name}`, `its agent is of version ${version}, too old to be linked: upgrade it from Hosts`),
  ],
}

const Ready = z.object({ ok: z.boolean(), message: z.string().optional() })

async function readiness({ url }: Endpoint): Promise<Finding> {
  try {
    const answer = await fetch(`${new URL(url).origin}/readyz`, { signal: AbortSignal.timeout(limits.ask) })
    const { ok, message } = Ready.parse(await answer.json())
    return ok ? good('readiness', 'it is ready') : bad('readiness', message ?? 'it is not ready, and does not say why')
  } catch {
    return bad('readiness', 'the control plane does not answer /readyz')
  }
}

/** Signed requests are refused where clocks differ by more than `limits.clockSkew`. */
async function clock({ url }: Endpoint): Promise<Finding> {
  try {
    const before = Date.now()
    const answer = await fetch(`${new URL(url).origin}/healthz`, { signal: AbortSignal.timeout(limits.ask) })
    await answer.body?.cancel()
    const there = Date.parse(answer.headers.get('date') ?? '')
    if (Number.isNaN(there)) return good('clock', 'the control plane does not tell the time')
    const apart = Math.round(Math.abs(there - (before + Date.now()) / 2) / 1_000)
    return apart * 1_000 < limits.clockSkew / 2
      ? good('clock', `${apart} s from the control plane's`)
      : bad('clock', `${apart} s from the control plane's: set it, signed requests will be refused`)
  } catch {
    return bad('clock', 'the control plane does not answer /healthz')
  }
}

/** Of every project. */
async function operations(endpoint: Endpoint): Promise<Finding[]> {
  const stuck = await askAll(endpoint, '/operations/stuck', OperationPage)
  if (!stuck.ok) return [bad('operations', stuck.fault.message)]
  return stuck.value.length === 0
    ? [good('operations', 'none is stuck')]
    : stuck.value.map(({ id, subject, fault }) =>
        bad(
          'operations',
          `${id} of ${subject} is stuck: ${fault?.message ?? 'it does not say why'}; once that is mended, POST /api/v1/operations/${id}/resolve`,
        ),
      )
}
