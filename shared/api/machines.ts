import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { type MachineVerb, machineStates } from '../model/machines/states.ts'
import type { Reason as Refusal } from '../model/machines/transitions.ts'
import { pageOf, pageQuery } from './page.ts'
import { Reason, Ref, Tags, Time } from './text.ts'

const RefusalKey = z.enum({
  is_creating: 'is_creating',
  is_starting: 'is_starting',
  is_stopping: 'is_stopping',
  is_stopped: 'is_stopped',
  is_paused: 'is_paused',
  is_suspended: 'is_suspended',
  is_failed: 'is_failed',
  is_deleting: 'is_deleting',
  is_gone: 'is_gone',
  host_silent: 'host_silent',
} as const satisfies { [K in Refusal]: K })

/** null: may be asked now. Otherwise the key of why not. */
const Allowed = z.strictObject({
  start: RefusalKey.nullable(),
  stop: RefusalKey.nullable(),
  reboot: RefusalKey.nullable(),
  delete: RefusalKey.nullable(),
} satisfies Record<MachineVerb, z.ZodType<Refusal | null>>)

export const Machine = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  state: z.enum(machineStates),
  allowed: Allowed,
  /** Why it failed, or what its host says is wrong. */
  stateReason: Reason.nullable(),
  /** What is being done, in one line: `fetching image 40 %`. */
  progress: z.string().nullable(),
  region: z.string(),
  zone: z.string(),
  flavor: z.strictObject({ name: z.string(), vcpus: z.int(), memoryMiB: z.int(), diskMiB: z.int() }),
  image: z.strictObject({ id: z.string(), ec2Id: z.string() }),
  keyPair: z.string().nullable(),
  addresses: z.array(z.string()),
  ports: z.array(
    z.strictObject({
      id: z.string(),
      ec2Id: z.string(),
      network: z.string(),
      subnet: z.string(),
      mac: z.string(),
      address: z.string(),
    }),
  ),
  tags: z.record(z.string(), z.string()),
  /** The host that carries it; seen by admins only. */
  host: z.string().nullable().optional(),
  /** Machines of one launch share it. */
  reservation: z.string(),
  onGuestShutdown: z.enum(['stop', 'terminate']),
  /** Rises with each intent. */
  generation: z.int(),
  createdAt: Time,
  /** When it was first seen running. */
  ranAt: Time.nullable(),
})
export type Machine = z.output<typeof Machine>

export const MachinePage = pageOf(Machine)

export const MachineParams = z.strictObject({ id: Ref })

export const MachineQuery = z.strictObject({
  ...pageQuery,
  /** Just these, in the order asked, in one page; those that are not there are left out. */
  id: z.array(Ref).min(1).max(limits.page).optional(),
  /** Names that contain this, whatever their case. */
  name: z.string().max(255).optional(),
  /** Any of these states. */
  state: z.array(z.enum(machineStates)).max(machineStates.length).optional(),
  /** `key` or `key=value`; all of them. */
  tag: z.array(z.string().min(1).max(400)).max(limits.tags).optional(),
})

export const Launch = z.strictObject({
  name: z.string().min(1).max(255).optional(),
  image: Ref,
  /** By name: `t3.micro`. */
  flavor: z.string().min(1).max(64),
  /** By name. */
  keyPair: z.string().min(1).max(255).optional(),
  /** In base64. */
  userData: z
    .base64()
    .max(Math.ceil(limits.userDataBytes / 3) * 4)
    .optional(),
  count: z.int().min(1).max(limits.bulk).default(1),
  zone: z.string().min(1).max(64).optional(),
  subnet: Ref.optional(),
  tags: Tags.optional(),
  /** What becomes of it when the guest shuts itself down. */
  onGuestShutdown: z.enum(['stop', 'terminate']).optional(),
})
export type Launch = z.input<typeof Launch>

export const Launched = z.strictObject({ reservation: z.string(), machines: z.array(Machine) })

/** The machine as it is now, and what was begun; nothing was where it is so already. */
export const Accepted = z.strictObject({ machine: Machine, operations: z.array(z.string()) })
export type Accepted = z.output<typeof Accepted>

/** `force` cuts the power at once; otherwise the guest is asked first. */
export const Stop = z.strictObject({ force: z.boolean().default(false) })

/** To this host; without one, to the best of those that can take it. */
export const Migrate = z.strictObject({ host: Ref.optional() })

export const ConsoleLog = z.strictObject({ text: z.string(), at: Time })

/** A WebSocket at `path`, good for one connection within a minute. */
export const Console = z.strictObject({ ticket: z.string(), path: z.string() })
