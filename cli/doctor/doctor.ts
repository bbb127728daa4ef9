import type { Result } from '@sirocco/shared/kit/fault.ts'
import { type Endpoint, placeIn } from '../place.ts'
import { examineCertificate } from './certificate.ts'
import type { Finding } from './finding.ts'
import { examineInstance } from './instance.ts'
import { examineMachine } from './machine.ts'
import { examinePorts } from './ports.ts'

export interface DoctorOptions {
  readonly data: string
  /** The agent's folder. */
  readonly agent: string
  readonly endpoint: Result<Endpoint>
}

/** Everything that is known to keep an installation from working, looked at from this machine. */
export async function doctor({ data, agent, endpoint }: DoctorOptions): Promise<Finding[]> {
  const place = await placeIn(agent)
  const url = endpoint.ok ? endpoint.value.url : null
  return [
    ...(await examineMachine(place.ok ? place.value : null, data)),
    ...(url === null ? [await examinePorts()] : []),
    ...(await examineCertificate(data, url, Date.now())),
    ...(await examineInstance(endpoint)),
  ]
}
