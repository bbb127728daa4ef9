import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { stateOf } from '@sirocco/shared/model/machines/state.ts'
import type { Firmware, MachineState, Power, Recover, SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { SecurityGroup } from '../security/group.ts'
import type { Laid } from '../volumes/pool.ts'

/** A machine as every dialect and decision reads it: the three facts, and what it was launched with. */
export interface Machine {
  readonly id: Id<'machine'>
  /** EC2's id: `i-` and 17 hex digits. */
  readonly alias: string
  readonly project: Id<'project'>
  /** 12 digits, EC2's owner id of the project. */
  readonly account: string
  readonly name: string
  readonly region: string
  readonly zone: string
  /** Where its allocation is; null once released. */
  readonly host: Id<'host'> | null
  readonly flavor: string
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  readonly image: Id<'image'>
  readonly imageAlias: string
  readonly keyPair: string | null
  readonly ports: readonly MachinePort[]
  /** What is attached to it, by device. */
  readonly volumes: readonly MachineVolume[]
  readonly tags: Readonly<Record<string, string>>
  /** `r-` and 17 hex digits: machines of one launch share it. */
  readonly reservation: string
  readonly launchIndex: number
  readonly clientToken: string | null
  /** What desired becomes when the guest shuts itself down. */
  readonly onGuestShutdown: 'stop' | 'terminate'
  readonly placementGroup: Id<'placementGroup'> | null
  /** Of `placementGroup`; null where it is in none. */
  readonly placementGroupName: string | null
  /** Its host has these. */
  readonly hostTags: Readonly<Record<string, string>>
  /** Not deleted before this is taken off. */
  readonly protected: boolean
  readonly firmware: Firmware
  readonly recover: Recover
  /** What it boots from in rescue: an image, and the volume that is made of it; the volume is there only while it is in rescue. */
  readonly rescueImage: Id<'image'> | null
  readonly rescueVolume: Id<'volume'> | null
  readonly createdAt: number
  /** When it was first seen running; ms since the epoch. */
  readonly ranAt: number | null

  readonly power: Power
  /** Rises with each intent; what an observer reports as applied is compared with it. */
  readonly generation: number
  /** Of the row; a write names the version that it read. */
  readonly version: number
  readonly goneAt: number | null
  /** Why it never ran, or crashed too often. */
  readonly failure: Fault | null

  readonly observed: Observation | null
  /** Is whoever observes it heard from? */
  readonly observerAlive: boolean
  /** Has somebody vouched that nothing runs on its silent host? */
  readonly fenced: boolean
}

export interface MachinePort {
  readonly id: Id<'port'>
  /** EC2's id: `eni-` and 17 hex digits. */
  readonly alias: string
  readonly network: Id<'network'>
  readonly networkAlias: string
  readonly subnet: Id<'subnet'>
  readonly subnetAlias: string
  readonly mac: string
  readonly address: string
  /** Security groups that it is in. */
  readonly groups: readonly Pick<SecurityGroup, 'id' | 'alias' | 'name'>[]
}

/** A volume as its machine's decisions need it. */
export interface MachineVolume {
  readonly id: Id<'volume'>
  /** EC2's id: `vol-` and 17 hex digits. */
  readonly alias: string
  readonly device: string
  readonly boot: boolean
  readonly deleteOnTermination: boolean
  readonly sizeMiB: number
  readonly pool: Laid
  readonly attachedAt: number
  readonly deleted: boolean
  readonly generation: number
  readonly version: number
}

export interface Observation {
  readonly appliedGeneration: number
  readonly power: SeenPower
  readonly cause: 'asked' | 'guest' | 'crash' | 'unknown' | null
  readonly progress: string | null
  readonly fault: Fault | null
  /** Of what the observer said: the same again is not written again. */
  readonly digest: string
  readonly at: number
}

export const stateOfMachine = (machine: Machine) =>
  stateOf({
    desired: {
      power: machine.power,
      generation: machine.generation,
      ran: machine.ranAt !== null,
      goneAt: machine.goneAt,
      failed: machine.failure !== null,
    },
    observed: machine.observed,
    observerAlive: machine.observerAlive,
  })

/** Does it boot from another disk than its own? */
export const isRescued = ({ rescueVolume }: Pick<Machine, 'rescueVolume'>): boolean => rescueVolume !== null

/** Which machines are asked for: by all that is said. */
export interface MachineFilter {
  /** Part of the name, whatever its case. */
  readonly name?: string | undefined
  /** Any of these. */
  readonly states?: readonly MachineState[] | undefined
  /** All of these; with whatever value where none is said. */
  readonly tags?: readonly { readonly key: string; readonly value?: string | undefined }[] | undefined
}

/** A change of what is wanted of a machine, guarded by the version it was decided on. */
export interface Intent {
  readonly machine: Id<'machine'>
  readonly version: number
  readonly generation: number
  readonly power: Power
}

/** A change of what a machine is that asks nothing of its power, guarded by the version it was decided on. User-data sealed; null: none. */
export interface MachineUpdate {
  readonly name?: string
  readonly protected?: boolean
  readonly onGuestShutdown?: Machine['onGuestShutdown']
  readonly userData?: string | null
  readonly flavor?: string
  readonly vcpus?: number
  readonly memoryMiB?: number
}
