import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { firmwares, type MachineChange, type MachineVerb, machineStates, recovers } from '../model/machines/states.ts'
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
  not_stopped: 'not_stopped',
  host_silent: 'host_silent',
  is_rescued: 'is_rescued',
  not_rescued: 'not_rescued',
} as const satisfies { [K in Refusal]: K })

/** null: may be asked now. Otherwise the key of why not. */
const Allowed = z.strictObject({
  start: RefusalKey.nullable(),
  stop: RefusalKey.nullable(),
  reboot: RefusalKey.nullable(),
  pause: RefusalKey.nullable(),
  suspend: RefusalKey.nullable(),
  resume: RefusalKey.nullable(),
  delete: RefusalKey.nullable(),
  rename: RefusalKey.nullable(),
  protect: RefusalKey.nullable(),
  resize: RefusalKey.nullable(),
  userData: RefusalKey.nullable(),
  snapshot: RefusalKey.nullable(),
  revert: RefusalKey.nullable(),
  rescue: RefusalKey.nullable(),
  unrescue: RefusalKey.nullable(),
} satisfies Record<MachineVerb | MachineChange, z.ZodType<Refusal | null>>)

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
  placementGroup: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
  /** Its host has these. */
  hostTags: z.record(z.string(), z.string()),
  addresses: z.array(z.string()),
  ports: z.array(
    z.strictObject({
      id: z.string(),
      ec2Id: z.string(),
      network: z.string(),
      subnet: z.string(),
      mac: z.string(),
      address: z.string(),
      /** Security groups that it is in. */
      groups: z.array(z.strictObject({ id: z.string(), ec2Id: z.string(), name: z.string() })),
    }),
  ),
  /** What is attached to it, by device. */
  volumes: z.array(
    z.strictObject({
      id: z.string(),
      ec2Id: z.string(),
      device: z.string(),
      sizeMiB: z.int(),
      boot: z.boolean(),
      deleteOnTermination: z.boolean(),
    }),
  ),
  /** What it boots from while it is in rescue, its own disk beside that; null: it is not. */
  rescue: z.strictObject({ image: z.string(), volume: z.string() }).nullable(),
  tags: z.record(z.string(), z.string()),
  /** The host that carries it; seen by admins only. */
  host: z.string().nullable().optional(),
  /** Machines of one launch share it. */
  reservation: z.string(),
  onGuestShutdown: z.enum(['stop', 'terminate']),
  /** Not deleted before this is taken off. */
  protected: z.boolean(),
  /** What the guest starts from. */
  firmware: z.enum(firmwares),
  /** What becomes of it when its host is fenced. */
  recover: z.enum(recovers),
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
  /** By id or name; the network's default group where none is named. */
  securityGroups: z.array(z.string().min(1).max(255)).max(limits.groupsOfPort).optional(),
  /** By name or id. */
  placementGroup: z.string().min(1).max(255).optional(),
  /** Only on hosts that have these tags. */
  hostTags: Tags.optional(),
  /** Of the volume it boots from; the flavor's where it is not said. */
  rootDiskMiB: z.int().min(1).max(limits.volumeMiB).optional(),
  /** Is that volume deleted with the machine? So it is where nothing is said. */
  deleteRootDisk: z.boolean().optional(),
  /** Where its volumes lie, by name or id; the zone's default pool where it is not said. */
  pool: z.string().min(1).max(64).optional(),
  /** Empty ones that it has besides; deleted with it where nothing else is said. */
  volumes: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(255).optional(),
        /** Where the guest finds it, `vdc` to `vdz`; the first that is free where it is not said. */
        device: z
          .string()
          .regex(/^vd[c-z]$/)
          .optional(),
        sizeMiB: z.int().min(1).max(limits.volumeMiB),
        deleteOnTermination: z.boolean().optional(),
      }),
    )
    .max(limits.volumesOfMachine)
    .optional(),
  tags: Tags.optional(),
  /** Of its volumes. */
  volumeTags: Tags.optional(),
  /** What becomes of it when the guest shuts itself down. */
  onGuestShutdown: z.enum(['stop', 'terminate']).optional(),
  /** Refuse to delete them before this is taken off. */
  protected: z.boolean().optional(),
  /** What the guests start from; the image's own choice where it is left out. */
  firmware: z.enum(firmwares).optional(),
  /** What becomes of it when its host is fenced: it waits, or runs elsewhere with its disk where that can be reached, or with a fresh one. */
  recover: z.enum(recovers).optional(),
})
export type Launch = z.input<typeof Launch>

export const Launched = z.strictObject({ reservation: z.string(), machines: z.array(Machine) })

/** The machine as it is now, and what was begun; nothing was where it is so already. */
export const Accepted = z.strictObject({ machine: Machine, operations: z.array(z.string()) })
export type Accepted = z.output<typeof Accepted>

/** `force` cuts the power at once; otherwise the guest is asked first. */
export const Stop = z.strictObject({ force: z.boolean().default(false) })

/** The hostname in the guest follows at its next boot. */
export const Rename = z.strictObject({ name: z.string().min(1).max(255) })

export const Protect = z.strictObject({ protected: z.boolean() })

/** The flavor's processors and memory; the disk stays as large as it is. */
export const Resize = z.strictObject({ flavor: z.string().min(1).max(64) })

/** In base64; null: none. Guests read it at their next boot, and most run it at their first only. */
export const ChangeUserData = z.strictObject({
  userData: z
    .base64()
    .max(Math.ceil(limits.userDataBytes / 3) * 4)
    .nullable(),
})

/** From an image, or back to a snapshot; the image it was launched from where neither is said. */
export const Rebuild = z.strictObject({
  image: Ref.optional(),
  snapshot: Ref.optional(),
  sizeMiB: z.int().min(1).max(limits.volumeMiB).optional(),
})
/** From this image; else from one that is marked for it, or the one that the machine was launched from. */
export const Rescue = z.strictObject({ image: Ref.optional() })
/** To this host; without one, to the best of those that can take it. */
export const Migrate = z.strictObject({ host: Ref.optional() })

export const ConsoleLog = z.strictObject({ text: z.string(), at: Time })

/** A WebSocket at `path`, good for one connection within a minute. */
export const Console = z.strictObject({ ticket: z.string(), path: z.string() })

/** The same for its screen, by VNC authentication: RFB (RFC 6143) goes through the WebSocket at `path`. */
export const Screen = z.strictObject({ ticket: z.string(), path: z.string(), password: z.string() })

/** PNG, in base64. */
export const Screenshot = z.strictObject({ png: z.base64(), at: Time })

/** What an agent inside the guest tells. */
export const Guest = z.strictObject({
  hostname: z.string().nullable(),
  os: z.strictObject({ name: z.string(), version: z.string(), kernel: z.string() }).nullable(),
  /** Addresses with their prefix, IPv6 among them. */
  interfaces: z.array(z.strictObject({ name: z.string(), mac: z.string(), addresses: z.array(z.string()) })),
  at: Time,
})
export type Guest = z.output<typeof Guest>

/** `user` is one of the guest's own. */
export const GuestPassword = z.strictObject({ user: z.string().min(1).max(32), password: z.string().min(1).max(256) })

/** `keyPair` by name. */
export const GuestKey = z.strictObject({ user: z.string().min(1).max(32), keyPair: z.string().min(1).max(255) })
export const SetRecover = z.strictObject({ recover: z.enum(recovers) })

/** The machine's name, typed: by that an admin says that its host never returns. */
export const Forget = z.strictObject({ confirm: z.string().max(255) })
