import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { stateOf } from '@sirocco/shared/model/machines/state.ts'
import type { Power, Recover, SeenPower } from '@sirocco/shared/model/machines/states.ts'

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
  readonly tags: Readonly<Record<string, string>>
  /** `r-` and 17 hex digits: machines of one launch share it. */
  readonly reservation: string
  readonly launchIndex: number
  readonly clientToken: string | null
  /** What desired becomes when the guest shuts itself down. */
  readonly onGuestShutdown: 'stop' | 'terminate'
  readonly recover: Recover
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

/** A change of what is wanted of a machine, guarded by the version it was decided on. */
export interface Intent {
  readonly machine: Id<'machine'>
  readonly version: number
  readonly generation: number
  readonly power: Power
}
