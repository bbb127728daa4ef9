import { z } from 'zod'
import { WantedImport } from '../wire/imports.ts'
import { WantedMachine, WantedNetwork } from '../wire/objects.ts'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

const Size = z.strictObject({ vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() })

export const Host = z.strictObject({
  id: z.string(),
  name: z.string(),
  region: z.string(),
  zone: z.string(),
  agent: z.string(),
  agentVersion: z.string(),
  /** `new`: its agent has said nothing yet. `silent`: not heard from since `silentSince`. */
  state: z.enum(['new', 'up', 'silent']),
  silentSince: Time.nullable(),
  /** When it last reported facts. */
  seenAt: Time.nullable(),
  /** Takes new machines. */
  accepting: z.boolean(),
  hypervisor: z.string().nullable(),
  hypervisorVersion: z.string().nullable(),
  /** `simulated`: its machines are not real. */
  acceleration: z.enum(['hardware', 'emulated', 'simulated']).nullable(),
  architecture: z.string().nullable(),
  /** What may be claimed in all, overcommit counted. */
  capacity: Size,
  used: Size,
  machines: z.int(),
  warnings: z.array(z.string()),
  /** Machines found on it that nobody asked for. */
  orphans: z.array(z.strictObject({ machine: z.string(), power: z.string() })),
})
export type Host = z.output<typeof Host>
export const HostPage = pageOf(Host)

/** What a host is to carry, seeds left out: what `sirocco audit-host` holds the host against. */
export const HostProjection = z.strictObject({
  host: z.string(),
  /** Rises with every change of what is wanted on it. */
  revision: z.int(),
  objects: z.array(
    z.discriminatedUnion('kind', [WantedMachine.omit({ seed: true }), WantedNetwork, WantedImport.omit({ source: true })]),
  ),
})
export type HostProjection = z.output<typeof HostProjection>

export const HostParams = z.strictObject({ id: z.string().min(1).max(64) })
