import { z } from 'zod'
import { agentRoles } from '../model/agents/roles.ts'
import { fenceWays, powerWays } from '../model/hosts/power.ts'
import { limits } from '../model/limits.ts'
import { WantedBackup } from '../wire/backups.ts'
import { WantedImport } from '../wire/imports.ts'
import {
  WantedGroup,
  WantedMachine,
  WantedNeighbours,
  WantedNetwork,
  WantedPlace,
  WantedSnapshot,
  WantedVolume,
} from '../wire/objects.ts'
import { pageOf } from './page.ts'
import { Tags, Time } from './text.ts'

const Size = z.strictObject({ vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() })

export const Host = z.strictObject({
  id: z.string(),
  name: z.string(),
  region: z.string(),
  zone: z.string(),
  agent: z.string(),
  agentVersion: z.string(),
  /** SHA-256 of the agent's bundle, as it last said. */
  agentBundle: z.string().nullable(),
  /** Against what this control plane hands out. `outdated`: so old that its link is refused until it is upgraded. `unknown`: it has not said, or nothing is handed out. */
  upgrade: z.enum(['current', 'available', 'outdated', 'unknown']),
  /** `new`: its agent has said nothing yet. `silent`: not heard from since `silentSince`. */
  state: z.enum(['new', 'up', 'silent']),
  silentSince: Time.nullable(),
  /** When it last reported facts. */
  seenAt: Time.nullable(),
  /** Takes new machines. */
  accepting: z.boolean(),
  /** Somebody vouches that nothing runs on it: its management controller, or an admin by their word. */
  fenced: z.strictObject({ how: z.enum(fenceWays), at: Time }).nullable(),
  /** Its management controller. */
  power: z
    .strictObject({
      way: z.enum(powerWays),
      address: z.string(),
      port: z.int(),
      username: z.string(),
      pin: z.string().nullable(),
      system: z.string().nullable(),
    })
    .nullable(),
  /** `moving`: what runs on it goes elsewhere; `stopping`: and what cannot is stopped; `in`: nothing runs on it. */
  maintenance: z.enum(['none', 'moving', 'stopping', 'in']),
  /** Its address on the underlay of its site; null: no machine goes from it to another host while it runs. */
  underlay: z.string().nullable(),
  hypervisor: z.string().nullable(),
  hypervisorVersion: z.string().nullable(),
  /** `simulated`: its machines are not real. */
  acceleration: z.enum(['hardware', 'emulated', 'simulated']).nullable(),
  architecture: z.string().nullable(),
  /** How far each may be overcommitted. */
  cpuRatio: z.number(),
  memoryRatio: z.number(),
  diskRatio: z.number(),
  /** What launches may ask for with `hostTags`. */
  tags: z.record(z.string(), z.string()),
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
    z.discriminatedUnion('kind', [
      WantedMachine.omit({ seed: true, move: true }),
      WantedNetwork,
      WantedNeighbours,
      WantedGroup,
      WantedPlace,
      WantedVolume,
      WantedSnapshot,
      WantedImport.omit({ source: true }),
      WantedBackup,
    ]),
  ),
})
export type HostProjection = z.output<typeof HostProjection>

const Ratio = z.number().min(limits.ratioMin).max(limits.ratioMax)

/** What is not named stays. */
export const ChangeHost = z.strictObject({
  /** Takes new machines. */
  accepting: z.boolean().optional(),
  cpuRatio: Ratio.optional(),
  memoryRatio: Ratio.optional(),
  diskRatio: Ratio.optional(),
  /** Whole: those that are not named are taken off. */
  tags: Tags.optional(),
})
export type ChangeHost = z.input<typeof ChangeHost>
/** What a maintenance does with each machine of the host, in its order. */
export const MaintenancePlan = z.strictObject({
  machines: z.array(
    z.strictObject({
      machine: z.string(),
      name: z.string(),
      /** `moves` to `target` as it is, on or off; `stops`, and `why` it cannot move; `stays`: nothing of it runs. `moving`: on its way already. */
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

/** The first of them: each begins the next. None where all are current. */
export const Upgrading = z.strictObject({ operations: z.array(z.string()) })

export const HostParams = z.strictObject({ id: z.string().min(1).max(64) })

/** A host's name, typed: by that an admin says that nothing runs on it any more. Only where `how` is `word`. */
export const Fence = z.strictObject({ how: z.enum(fenceWays), confirm: z.string().max(255).optional() })
export const Fencing = z.strictObject({ operation: z.string() })

export const SetPower = z.strictObject({
  /** null: it has none. */
  power: z
    .strictObject({
      way: z.enum(powerWays),
      address: z.string().min(1).max(253),
      port: z.int().min(1).max(65_535).optional(),
      username: z.string().min(1).max(64),
      password: z.string().min(1).max(256),
      /** Of Redfish: SHA-256 of its certificate, as hex with or without colons; left out: the hosts trust whoever signed it. */
      pin: z.string().max(95).optional(),
      /** Of Redfish: the last word of the address of its system; needed where it has several. */
      system: z.string().min(1).max(64).optional(),
    })
    .nullable(),
})

export type SetPower = z.output<typeof SetPower>

export const NewEnrolToken = z.strictObject({
  /** By name; needed where there is more than one. */
  zone: z.string().min(1).max(64).optional(),
  /** How long it lives, at most a day. */
  minutes: z.int().min(1).max(1_440).optional(),
  /** `host` carries machines, `convert` makes images of what people bring; where nothing is said, `host` alone. */
  roles: z.array(z.enum(agentRoles)).min(1).max(agentRoles.length).optional(),
})
/** The line is shown once: it holds the token. */
export const MadeEnrolToken = z.strictObject({
  id: z.string(),
  zone: z.string(),
  roles: z.array(z.enum(agentRoles)),
  expiresAt: Time,
  token: z.string(),
  /** To be pasted into a shell of the new host; null where this control plane holds no bundle of the agent. */
  line: z.string().nullable(),
})
export type MadeEnrolToken = z.output<typeof MadeEnrolToken>

export const EnrolToken = z.strictObject({
  id: z.string(),
  zone: z.string(),
  roles: z.array(z.enum(agentRoles)),
  by: z.string().nullable(),
  state: z.enum(['open', 'used', 'revoked', 'expired']),
  createdAt: Time,
  expiresAt: Time,
  /** The agent that enrolled by it. */
  agent: z.string().nullable(),
})
export type EnrolToken = z.output<typeof EnrolToken>
export const EnrolTokenPage = pageOf(EnrolToken)
export const EnrolTokenParams = z.strictObject({ id: z.string().min(1).max(64) })
