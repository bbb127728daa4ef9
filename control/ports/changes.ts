import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { CommandBody, Outcome } from '@sirocco/shared/wire/frames.ts'
import type { SeenHost, SeenMove } from '@sirocco/shared/wire/objects.ts'
import type { Maintenance } from '../domain/hosts/host.ts'
import type { KeyPair } from '../domain/images/image.ts'
import type { Intent } from '../domain/machines/machine.ts'
import type { Migration, MigrationPhase } from '../domain/migrations/migration.ts'
import type { Operation, SubjectId } from '../domain/operations/operation.ts'

/** A machine's row as it is inserted; facts that the control plane owns. */
export interface NewMachine {
  readonly id: Id<'machine'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly zone: Id<'zone'>
  readonly name: string
  readonly flavor: string
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
  readonly image: Id<'image'>
  readonly keyPair: string | null
  readonly publicKeys: readonly string[]
  /** Sealed. */
  readonly userData: string | null
  readonly reservation: string
  readonly launchIndex: number
  readonly clientToken: string | null
  readonly onGuestShutdown: 'stop' | 'terminate'
}

export interface NewPort {
  readonly id: Id<'port'>
  readonly alias: string
  readonly project: Id<'project'>
  readonly network: Id<'network'>
  readonly subnet: Id<'subnet'>
  readonly machine: Id<'machine'>
  readonly position: number
  readonly mac: string
  readonly address: string
}

/**
 * Everything a batch can do, as data: decisions return these, one adapter turns them into statements. What is guarded says the
 * Fault that its guard means; a failed guard undoes the whole batch.
 */
export type Change =
  | { readonly do: 'machine.insert'; readonly machine: NewMachine }
  /** Guard `stale` by version. */
  | ({ readonly do: 'machine.intent' } & Intent)
  /** First seen running. */
  | { readonly do: 'machine.ran'; readonly machine: Id<'machine'> }
  /** Given up at this generation; wanted gone from its host at the next. Guard `stale` by generation. */
  | {
      readonly do: 'machine.fail'
      readonly machine: Id<'machine'>
      readonly generation: number
      readonly fault: Fault
      readonly discard: boolean
    }
  /** Its host is this one from now on: the claim of `migration` there becomes its own, and what its old host said is over. Guard `stale` where either claim is gone. */
  | {
      readonly do: 'machine.moved'
      readonly machine: Id<'machine'>
      readonly migration: Id<'migration'>
      readonly target: Id<'host'>
    }
  /** Guard `conflict` where it moves already, or something of it is still to go from the target. */
  | {
      readonly do: 'migration.insert'
      readonly migration: Pick<Migration, 'id' | 'machine' | 'project' | 'source' | 'target'> & {
        /** Sealed. */
        readonly secret: string
      }
    }
  /** Guard `stale` by version. */
  | {
      readonly do: 'migration.phase'
      readonly migration: Id<'migration'>
      readonly version: number
      readonly phase: MigrationPhase
    }
  /** One of its hosts said something new. */
  | {
      readonly do: 'migration.seen'
      readonly migration: Id<'migration'>
      readonly side: 'source' | 'target'
      readonly saw: SeenMove | null
      readonly progress: string | null
    }
  /** Above every intent that the host has heard of. */
  | { readonly do: 'tombstone.insert'; readonly host: Id<'host'>; readonly machine: Id<'machine'> }
  | { readonly do: 'tombstone.gone'; readonly host: Id<'host'>; readonly machine: Id<'machine'> }
  /** Guard `stale` by generation. */
  | {
      readonly do: 'host.maintenance'
      readonly host: Id<'host'>
      readonly generation: number
      readonly maintenance: Maintenance
      readonly accepting: boolean
      /** A new intent: the generation rises. */
      readonly intent: boolean
    }
  | { readonly do: 'maintenance-stop.insert'; readonly host: Id<'host'>; readonly machine: Id<'machine'> }
  | { readonly do: 'maintenance-stop.drop'; readonly host: Id<'host'> }
  /** Nothing of it remains. Guard `stale` by generation. */
  | { readonly do: 'machine.gone'; readonly machine: Id<'machine'>; readonly generation: number }
  | { readonly do: 'port.insert'; readonly port: NewPort }
  | { readonly do: 'port.release'; readonly machine: Id<'machine'> }
  /** Guard `capacity`: the sum of live claims with this one fits the host, which accepts. */
  | {
      readonly do: 'allocation.claim'
      readonly id: Id<'allocation'>
      readonly consumer: Id<'machine' | 'migration'>
      readonly host: Id<'host'>
      readonly vcpus: number
      readonly memoryMiB: number
      readonly diskMiB: number
    }
  | { readonly do: 'allocation.release'; readonly consumer: Id<'machine' | 'migration'> }
  /** What is wanted on the host changed. */
  | { readonly do: 'host.touch'; readonly host: Id<'host'> }
  | {
      readonly do: 'host.insert'
      readonly host: Id<'host'>
      readonly agent: Id<'agent'>
      readonly zone: Id<'zone'>
      readonly name: string
    }
  | {
      readonly do: 'host.observed'
      readonly host: Id<'host'>
      readonly epoch: number
      readonly seq: number
      readonly facts: SeenHost
      readonly digest: string
    }
  /** Guard `stale` unless the link of this epoch is the newest of the host's agent: what an older one says is not written any more. */
  | { readonly do: 'link.holds'; readonly host: Id<'host'>; readonly epoch: number }
  | { readonly do: 'orphan.seen'; readonly host: Id<'host'>; readonly machine: string; readonly power: SeenPower }
  | { readonly do: 'orphan.gone'; readonly host: Id<'host'>; readonly machine: string }
  | {
      readonly do: 'machine.observed'
      readonly machine: Id<'machine'>
      readonly host: Id<'host'> | null
      readonly epoch: number
      readonly seq: number
      readonly appliedGeneration: number
      readonly power: SeenPower
      readonly cause: 'asked' | 'guest' | 'crash' | 'unknown' | null
      readonly progress: string | null
      readonly fault: Fault | null
      readonly digest: string
    }
  | {
      readonly do: 'operation.start'
      readonly operation: Pick<Operation, 'id' | 'kind' | 'workflow' | 'project' | 'subject' | 'generation'>
    }
  /** Guard `stale` by version; the version rises by one and `log` records what happened. */
  | {
      readonly do: 'operation.move'
      readonly operation: Id<'operation'>
      readonly version: number
      readonly to: Pick<Operation, 'state' | 'step' | 'tries' | 'wakeAt' | 'waiting' | 'fault'>
      readonly log: { readonly step: string; readonly outcome: string }
    }
  /** What its operations wait for may have come: those up to `generation` are due now. Their version rises, so that a look that began before parks none. */
  | { readonly do: 'operation.wake'; readonly subject: SubjectId; readonly generation: number }
  | { readonly do: 'operation.wake-one'; readonly operation: Id<'operation'> }
  | { readonly do: 'command.insert'; readonly id: string; readonly host: Id<'host'>; readonly body: CommandBody }
  | { readonly do: 'command.result'; readonly id: string; readonly outcome: Outcome }
  /** Guard `conflict` where the token is used up or unknown. */
  | { readonly do: 'enrolment.use'; readonly tokenHash: string; readonly agent: Id<'agent'> }
  | {
      readonly do: 'agent.insert'
      readonly agent: Id<'agent'>
      readonly publicKey: string
      readonly fingerprint: string
      readonly zone: Id<'zone'>
      readonly version: string
      readonly linkObject: number
    }
  /** A link came up: guard `stale` by epoch. */
  | {
      readonly do: 'agent.link'
      readonly agent: Id<'agent'>
      readonly epoch: number
      readonly bootId: string
      readonly version: string
    }
  /** Guard `stale` where a newer link came up since. */
  | { readonly do: 'agent.silent'; readonly agent: Id<'agent'>; readonly epoch: number; readonly since: number }
  /** Guard `conflict` where the name is taken. */
  | { readonly do: 'key-pair.insert'; readonly keyPair: Omit<KeyPair, 'tags' | 'createdAt'>; readonly project: Id<'project'> }
  | { readonly do: 'key-pair.delete'; readonly id: Id<'keyPair'> }
  | {
      readonly do: 'tag.set'
      readonly project: Id<'project'>
      readonly resource: string
      readonly key: string
      readonly value: string
    }
  /** Guard `quota`: after the tags that were set before, the resource has at most `limit`. */
  | { readonly do: 'tag.limit'; readonly resource: string; readonly limit: number }
  | { readonly do: 'tag.unset'; readonly resource: string; readonly key: string; readonly value: string | null }
  | { readonly do: 'tag.drop'; readonly resource: string }
  | {
      readonly do: 'session.insert'
      readonly id: Id<'session'>
      readonly tokenHash: string
      readonly kind: 'session' | 'link'
      readonly user: Id<'user'>
      readonly project: Id<'project'>
      readonly expiresAt: number
    }
  /** Guard `conflict` where it was used or is unknown. */
  | { readonly do: 'session.use-link'; readonly tokenHash: string }
  | { readonly do: 'session.end'; readonly id: Id<'session'> }
  | {
      readonly do: 'event'
      readonly project: Id<'project'> | null
      readonly type: string
      readonly subject: string
      readonly data?: Readonly<Record<string, unknown>>
    }
  | {
      readonly do: 'audit'
      readonly project: Id<'project'> | null
      readonly actor: string
      readonly verb: string
      readonly subjects: readonly string[]
    }
  /** Guard `conflict` where the token was used. */
  | {
      readonly do: 'token'
      readonly principal: string
      readonly verb: string
      readonly token: string
      readonly requestHash: string
      readonly answer: unknown
    }
