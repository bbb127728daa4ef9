import { z } from 'zod'
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
  /** `moving`: what runs on it goes elsewhere; `stopping`: and what cannot is stopped; `in`: nothing runs on it. */
  maintenance: z.enum(['none', 'moving', 'stopping', 'in']),
  /** Its address on the underlay of its site; null: no machine goes from it to another host while it runs. */
  underlay: z.string().nullable(),
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
  objects: z.array(z.discriminatedUnion('kind', [WantedMachine.omit({ seed: true, move: true }), WantedNetwork])),
})
export type HostProjection = z.output<typeof HostProjection>

/** What a maintenance does with each machine of the host, in its order. */
export const MaintenancePlan = z.strictObject({
  machines: z.array(
    z.strictObject({
      machine: z.string(),
      name: z.string(),
      /** `moves` to `target` while it runs; `stops`, and `why` it cannot move; `stays`: nothing of it runs. `moving`: on its way already. */
      fate: z.enum(['moves', 'stops', 'stays', 'moving']),
      target: z.string().nullable(),
      why: z.string().nullable(),
    }),
  ),
})
export type MaintenancePlan = z.output<typeof MaintenancePlan>

/** `stopRest`: machines that cannot move are stopped; without it they refuse the maintenance. */
export const Maintain = z.strictObject({ stopRest: z.boolean().default(false) })

/** The host as it is now, and what was begun. */
export const HostAccepted = z.strictObject({ host: Host, operations: z.array(z.string()) })
export type HostAccepted = z.output<typeof HostAccepted>

export const HostParams = z.strictObject({ id: z.string().min(1).max(64) })
