import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { refuse } from '@sirocco/shared/kit/fault.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type AskUpgrade, executeBy, type JoinConsole, type PowerOff } from './link/commands.ts'
import { Outbox } from './link/outbox.ts'
import { Session, type SessionParts } from './link/session.ts'
import { Ledger } from './metering/ledger.ts'
import { Meter } from './metering/meter.ts'
import type { Backups } from './ports/backups.ts'
import type { Compute } from './ports/compute.ts'
import type { Disk } from './ports/disk.ts'
import type { Importer } from './ports/importer.ts'
import type { Underlay } from './ports/move.ts'
import type { Networks } from './ports/network.ts'
import type { Storage } from './ports/storage.ts'
import type { Volumes } from './ports/volumes.ts'
import type { FetchImage } from './reconcile/image-room.ts'
import { type At, diskWithPoints, nowhere, withPoints } from './reconcile/points.ts'
import { type Log, Reconciler } from './reconcile/reconciler.ts'
import { Telemetry } from './telemetry/telemetry.ts'

/** All that an agent is made of but the link, which whoever holds the connection feeds to `session`. */
export interface AgentParts {
  readonly hosts: readonly {
    readonly id: string
    readonly name: string
    readonly compute: Compute
    readonly storage: Storage
    readonly volumes: Volumes
    readonly networks: Networks
  }[]
  /** How machines go to other hosts. */
  readonly underlay: Underlay
  readonly disk: Disk
  readonly timers: Timers
  readonly random: Random
  readonly fetchImage: FetchImage
  /** For agents of role `convert`. */
  readonly importer?: Importer
  /** Absent: this agent takes no backups, and gives none back. */
  readonly backups?: Backups
  readonly joinConsole: JoinConsole
  /** Absent: no management controller of a neighbour is within its reach. */
  readonly powerOff?: PowerOff
  /** Absent: this agent becomes no other. */
  readonly upgrade?: { readonly ask: AskUpgrade; live(): void }
  readonly identity: SessionParts['identity']
  readonly log: Log
  /** ms between two records of usage; `limits.usageEvery` unless said. */
  readonly meterEvery?: number
  /** ms that the guest of a machine in rescue is given to boot; `limits.rescueBoot` unless said. */
  readonly rescueBoot?: number
  /** Passed at every crash point. */
  readonly at?: At
}

export interface Agent {
  readonly session: Session
  readonly hosts: readonly Reconciler[]
  /** Ends this life of the agent, within a few seconds; machines keep running. */
  stop(): Promise<void>
}

const outOfReach: PowerOff = async () => refuse('unsupported', 'this agent reaches no management controllers')

/** One life of an agent, in a process or in a simulated world: begins with what its disk holds. */
export async function composeAgent(parts: AgentParts): Promise<Agent> {
  const { timers, random, fetchImage, log } = parts
  const at = parts.at ?? nowhere
  const disk = diskWithPoints(parts.disk, at)
  const hosts: Reconciler[] = []
  for (const { id, name, compute, storage, volumes, networks } of parts.hosts)
    hosts.push(
      await Reconciler.open({
        host: { id, name },
        compute: withPoints(compute, 'port.compute', at),
        storage: withPoints(storage, 'port.storage', at),
        volumes: withPoints(volumes, 'port.volumes', at),
        networks: withPoints(networks, 'port.networks', at),
        underlay: parts.underlay,
        disk,
        fetchImage,
        importer: parts.importer ? withPoints(parts.importer, 'port.importer', at) : null,
        backups: parts.backups ? withPoints(parts.backups, 'port.backups', at) : null,
        rescueBoot: parts.rescueBoot,
        timers,
        random,
        log,
      }),
    )
  const computeOf = (id: string) => hosts.find(host => host.id === id)?.compute
  const outbox = await Outbox.open(disk)
  const execute = executeBy(computeOf, parts.joinConsole, parts.powerOff ?? outOfReach, parts.upgrade?.ask ?? (() => {}))
  const telemetry = parts.hosts.map(({ id, compute }) => new Telemetry({ host: id, compute, timers, random, log }))
  const meters: Meter[] = []
  for (const host of hosts)
    meters.push(
      new Meter({
        host: host.id,
        ledger: await Ledger.open(disk, `usage-${host.id}.jsonl`, random),
        metered: () => host.metered(),
        compute: host.compute,
        timers,
        random,
        log,
        every: parts.meterEvery ?? limits.usageEvery,
      }),
    )
  const session = new Session({
    hosts,
    telemetry,
    meters,
    outbox,
    timers,
    log,
    execute,
    identity: parts.identity,
    upgrade: parts.upgrade ?? null,
  })
  for (const host of hosts) host.start()
  for (const each of [...telemetry, ...meters]) each.start()
  return {
    session,
    hosts,
    async stop() {
      session.closed()
      for (const each of telemetry) each.stop()
      await Promise.all(meters.map(meter => meter.stop()))
      await Promise.all(hosts.map(host => host.stop()))
    },
  }
}
