import { stateOf } from '@sirocco/shared/model/machines/state.ts'
import { powers, seenPowers } from '@sirocco/shared/model/machines/states.ts'
import { z } from 'zod'
import type { MemoryDatabase } from './client.ts'
import { type HostMachine, instance } from './host.ts'
import type { Trace } from './trace.ts'

/** What must never be seen, at any moment of any world. */
export class Violation extends Error {}

const Row = z.object({
  id: z.string(),
  name: z.string(),
  power: z.enum(powers),
  generation: z.int(),
  version: z.int(),
  failure: z.string().nullable(),
  goneAt: z.number().nullable(),
  ranAt: z.number().nullable(),
  clientToken: z.string().nullable(),
  reservation: z.string(),
  host: z.string().nullable(),
  seen: z.enum(seenPowers).nullable(),
  applied: z.int().nullable(),
  cause: z.enum(['asked', 'guest', 'crash', 'unknown']).nullable(),
  epoch: z.int().nullable(),
  seq: z.int().nullable(),
  silent: z.number().nullable(),
})
export type MachineRow = z.output<typeof Row>

const machinesSql = `SELECT m.id, m.name, m.power, m.generation, m.version, m.failure, m.goneAt, m.ranAt, m.clientToken, m.reservation,
  a.host, o.power AS seen, o.appliedGeneration AS applied, o.cause, o.epoch, o.seq,
  (SELECT g.silentSince FROM host h JOIN agent g ON g.id = h.agent WHERE h.id = a.host) AS silent
  FROM machine m LEFT JOIN allocation a ON a.consumer = m.id AND a.until IS NULL LEFT JOIN machine_observed o ON o.machine = m.id
  ORDER BY m.id`

const Kept = {
  id: z.string(),
  generation: z.int(),
  version: z.int(),
  deleted: z.int(),
  goneAt: z.number().nullable(),
  host: z.string().nullable(),
  applied: z.int().nullable(),
  here: z.int().nullable(),
}
const VolumeRow = z.object({
  ...Kept,
  sizeMiB: z.int(),
  seenMiB: z.int().nullable(),
  machine: z.string().nullable(),
  device: z.string().nullable(),
  seenIn: z.string().nullable(),
  fault: z.string().nullable(),
})
type VolumeRow = z.output<typeof VolumeRow>
const SnapshotRow = z.object(Kept)
type SnapshotRow = z.output<typeof SnapshotRow>

const volumesSql = `SELECT v.id, v.generation, v.version, v.deleted, v.goneAt, v.sizeMiB, a.host, t.machine, t.device,
  o.appliedGeneration AS applied, o.here, o.sizeMiB AS seenMiB, o.machine AS seenIn, o.fault
  FROM volume v LEFT JOIN allocation a ON a.consumer = v.id AND a.until IS NULL LEFT JOIN volume_observed o ON o.volume = v.id
  LEFT JOIN attachment t ON t.volume = v.id`
const snapshotsSql = `SELECT s.id, s.generation, s.version, s.deleted, s.goneAt, a.host, o.appliedGeneration AS applied, o.here
  FROM snapshot s LEFT JOIN allocation a ON a.consumer = s.id AND a.until IS NULL LEFT JOIN snapshot_observed o ON o.snapshot = s.id`
export const volumeRows = (database: MemoryDatabase): VolumeRow[] => database.look(volumesSql).map(row => VolumeRow.parse(row))
export const snapshotRows = (database: MemoryDatabase): SnapshotRow[] =>
  database.look(snapshotsSql).map(row => SnapshotRow.parse(row))

const OperationRow = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  subject: z.string(),
  version: z.int(),
  generation: z.int(),
  fault: z.string().nullable(),
})
const EventRow = z.object({ seq: z.int(), subject: z.string(), type: z.string() })
const Claim = z.object({ consumer: z.string(), host: z.string() })
const Room = z.object({ id: z.string(), free: z.number(), room: z.number() })
/** Where a machine or volume may be beside its own host: it moves, or something of it is still to go. */
const Beside = z.object({ subject: z.string(), host: z.string() })
const besideSql = `SELECT machine AS subject, target AS host FROM migration WHERE endedAt IS NULL
  UNION SELECT v.value, m.target FROM migration m, json_each(m.volumes) v WHERE m.endedAt IS NULL
  UNION SELECT subject, host FROM tombstone`
const Used = z.object({ host: z.string(), vcpus: z.number(), memoryMiB: z.number(), diskMiB: z.number() })

const ended = new Set(['done', 'failed', 'cancelled', 'superseded'])

export const machineRows = (database: MemoryDatabase): MachineRow[] => database.look(machinesSql).map(row => Row.parse(row))
export const stateOfRow = ({ silent, power, generation, ranAt, goneAt, failure, seen, applied, cause }: MachineRow) =>
  stateOf({
    desired: { power, generation, ran: ranAt !== null, goneAt, failed: failure !== null },
    observed: seen === null || applied === null ? null : { power: seen, appliedGeneration: applied, cause },
    observerAlive: silent === null,
  })

/** Looks at the rows after every write and at the hosts after every change, and remembers what must not go back. */
export class Checks {
  readonly #trace: Trace
  readonly #database: MemoryDatabase
  readonly #hosts: readonly HostMachine[]
  readonly #machines = new Map<string, MachineRow>()
  readonly #operations = new Map<string, z.output<typeof OperationRow>>()
  readonly #intents = new Map<string, string>()
  /** Hosts that were ever told to carry a machine. */
  readonly #placed = new Map<string, Set<string>>()
  readonly #volumes = new Map<string, VolumeRow>()
  readonly #snapshots = new Map<string, SnapshotRow>()
  /** By machine or volume: hosts beside its own on which it may be. */
  #beside: ReadonlyMap<string, readonly z.output<typeof Beside>[]> = new Map()
  /** Volumes: when they were made. */
  readonly #disks = new Map<string, number>()
  /** Machines and volumes that went to another host at any time. */
  readonly #moved = new Set<string>()
  #seq = 0
  /** Machines that were seen running at any time, and all that ever had a row. */
  readonly ran = new Set<string>()
  readonly ever = new Map<string, MachineRow>()
  looked = 0

  constructor(database: MemoryDatabase, hosts: readonly HostMachine[], trace: Trace) {
    this.#trace = trace
    this.#database = database
    this.#hosts = hosts
  }

  rows(): void {
    this.looked++
    const look = <T>(schema: z.ZodType<T>, sql: string, ...args: (string | number)[]) =>
      this.#database.look(sql, ...args).map(row => schema.parse(row))
    const machines = machineRows(this.#database)
    const events = look(EventRow, 'SELECT seq, subject, type FROM event WHERE seq > ? ORDER BY seq', this.#seq)
    for (const { seq } of events) {
      hold(seq === this.#seq + 1, `event ${seq} follows ${this.#seq}: the sequence has a gap`)
      this.#seq = seq
    }
    for (const event of events) this.#trace.detail('event', () => JSON.stringify(event))
    this.#beside = Map.groupBy(look(Beside, besideSql), row => row.subject)
    for (const { consumer, host } of look(
      Claim,
      'SELECT consumer, host FROM allocation UNION SELECT machine AS consumer, target AS host FROM migration',
    ))
      this.#placed.set(consumer, (this.#placed.get(consumer) ?? new Set()).add(host))
    this.#capacity(look(Used, usedSql))
    for (const { id, free, room } of look(Room, roomSql))
      hold(free === room, `${id} is counted to have ${free} MiB free, and has ${room}`)
    const told = new Set(events.map(e => e.subject))
    for (const machine of machines) this.#machine(machine, told)
    this.#keep(look(VolumeRow, volumesSql), this.#volumes, told)
    this.#keep(look(SnapshotRow, snapshotsSql), this.#snapshots, told)
    for (const [id, before] of this.#machines)
      if (!machines.some(m => m.id === id)) {
        hold(before.goneAt !== null, `${id} was forgotten before it was gone`)
        this.#machines.delete(id)
      }
    for (const operation of look(OperationRow, 'SELECT id, kind, state, subject, version, generation, fault FROM operation'))
      this.#operation(operation)
  }

  #capacity(used: readonly z.output<typeof Used>[]): void {
    for (const { host, vcpus, memoryMiB, diskMiB } of used) {
      const machine = this.#hosts.find(h => h.id === host)
      hold(machine, `something is allocated on ${host}, which is none of the hosts`)
      const { sim } = machine
      hold(vcpus <= sim.cpus * 8, `${vcpus} vCPU are allocated on ${host}, of ${sim.cpus * 8}`)
      hold(memoryMiB <= sim.memoryMiB, `${memoryMiB} MiB are allocated on ${host}, of ${sim.memoryMiB}`)
      hold(diskMiB <= sim.diskMiB * 4, `${diskMiB} MiB of disk are allocated on ${host}, of ${sim.diskMiB * 4}`)
    }
  }

  #machine(now: MachineRow, told: ReadonlySet<string>): void {
    const before = this.#machines.get(now.id)
    if (JSON.stringify(before) !== JSON.stringify(now))
      this.#trace.detail('row', () => `${stateOfRow(now)} ${JSON.stringify(now)}`)
    this.#machines.set(now.id, now)
    if (!before) this.ever.set(now.id, now)
    if (now.ranAt !== null) this.ran.add(now.id)
    const { id, generation, version, applied } = now
    hold(
      applied === null || applied <= generation,
      `${id} is observed at generation ${applied}, but only ${generation} was ever wanted`,
    )
    hold(now.goneAt === null || now.host === null, `${id} is gone and still has its allocation`)
    hold(now.host !== null || now.power === 'gone' || now.failure !== null, `${id} is wanted ${now.power}, and is placed nowhere`)
    if (!before) {
      hold(told.has(id), `${id} appeared without an event`)
      return
    }
    hold(generation >= before.generation, `${id} went back from generation ${before.generation} to ${generation}`)
    hold(version >= before.version, `${id} went back from version ${before.version} to ${version}`)
    hold(generation === before.generation || version > before.version, `${id} has a new intent under its old version ${version}`)
    hold(before.goneAt === null || now.goneAt !== null, `${id} came back from being gone`)
    hold(before.power !== 'gone' || now.power === 'gone', `${id} was to be gone, and is wanted ${now.power} now`)
    const moved = before.host !== null && now.host !== null && now.host !== before.host
    hold(
      !moved || this.#mayBe(id, before.host ?? ''),
      `${id} moved from ${before.host} to ${now.host}, and nothing is to go from there`,
    )
    if (moved) this.#moved.add(id)
    if (!moved && before.epoch !== null && now.epoch !== null && before.seq !== null && now.seq !== null) {
      const forward = now.epoch > before.epoch || (now.epoch === before.epoch && now.seq >= before.seq)
      hold(forward, `${id}: what was observed at ${before.epoch}.${before.seq} was overwritten by ${now.epoch}.${now.seq}`)
    }
    const [from, to] = [stateOfRow(before), stateOfRow(now)]
    // Silence, and its end, are told once for the host.
    const host = now.host ?? before.host ?? ''
    hold(
      from === to || told.has(id) || ((before.silent === null) !== (now.silent === null) && told.has(host)),
      `${id} went from ${from} to ${to} without an event`,
    )
  }

  /** What goes for volumes and snapshots alike. */
  #keep<R extends VolumeRow | SnapshotRow>(rows: readonly R[], known: Map<string, R>, told: ReadonlySet<string>): void {
    for (const now of rows) {
      const before = known.get(now.id)
      if (JSON.stringify(before) !== JSON.stringify(now)) this.#trace.detail('row', () => JSON.stringify(now))
      known.set(now.id, now)
      const { id, generation, version, applied } = now
      hold(applied === null || applied <= generation, `${id} is observed at ${applied}, but only ${generation} was ever wanted`)
      hold(now.goneAt === null || now.host === null, `${id} is gone and still has its claim`)
      if (!before) {
        hold(told.has(id), `${id} appeared without an event`)
        continue
      }
      hold(generation >= before.generation, `${id} went back from generation ${before.generation} to ${generation}`)
      hold(version >= before.version, `${id} went back from version ${before.version} to ${version}`)
      hold(before.goneAt === null || now.goneAt !== null, `${id} came back from being gone`)
      hold(before.deleted === 0 || now.deleted === 1, `${id} was to be gone, and is wanted again`)
      const moved = before.host !== null && now.host !== null && before.host !== now.host
      hold(
        !moved || this.#mayBe(id, before.host ?? ''),
        `${id} moved from ${before.host} to ${now.host}, and nothing is to go from there`,
      )
      if (moved) this.#moved.add(id)
    }
    for (const [id, before] of known)
      if (!rows.some(row => row.id === id)) {
        hold(before.goneAt !== null, `${id} was forgotten before it was gone`)
        known.delete(id)
      }
  }

  #operation(now: z.output<typeof OperationRow>): void {
    const before = this.#operations.get(now.id)
    if (JSON.stringify(before) !== JSON.stringify(now)) this.#trace.detail('row', () => JSON.stringify(now))
    this.#operations.set(now.id, now)
    hold(now.state !== 'stuck', `${now.id} (${now.kind}) is stuck: ${now.fault}`)
    if (!before) {
      if (now.kind === 'machine.reboot') return
      // Each intent is pursued by one operation, each operation pursues an intent of its own.
      const intent = `${now.subject}@${now.generation}`
      const other = this.#intents.get(intent)
      hold(other === undefined, `${now.id} and ${other} both pursue generation ${now.generation} of ${now.subject}`)
      this.#intents.set(intent, now.id)
      return
    }
    hold(now.version >= before.version, `${now.id} went back from version ${before.version} to ${now.version}`)
    hold(!ended.has(before.state) || now.state === before.state, `${now.id} had ended ${before.state} and is ${now.state} now`)
  }

  /** What is on the hosts is what somebody was ever told to make there, once. */
  hosts(): void {
    const where = new Map<string, Set<string>>()
    const running = new Map<string, string>()
    for (const host of this.#hosts) {
      for (const { id, power } of host.sim.machines(instance)) {
        const elsewhere = where.get(id)
        if (power === 'running') {
          hold(!running.has(id), `${id} runs on ${running.get(id)} and on ${host.id}`)
          running.set(id, host.id)
        }
        hold(elsewhere === undefined || this.#beside.has(id), `${id} is on ${elsewhere} and on ${host.id}`)
        where.set(id, (where.get(id) ?? new Set()).add(host.id))
        hold(this.#placed.get(id)?.has(host.id), `${id} is on ${host.id}, where nobody wanted it`)
        const row = this.#machines.get(id)
        const left = this.#mayBe(id, host.id)
        hold(row && (row.goneAt === null || left), `${id} is gone, and still there on ${host.id} (${power})`)
        hold(row.host === host.id || left, `${id} is on ${host.id} without an allocation (${power})`)
      }
      for (const [id, { made }] of Object.entries(host.sim.store(instance).volumes)) {
        const row = this.#volumes.get(id)
        const left = this.#mayBe(id, host.id)
        hold(row && ((row.goneAt === null && row.host === host.id) || left), `volume ${id} is left on ${host.id}`)
        // One that comes back finds another where its first was.
        if (row.host !== host.id || this.#beside.has(id) || this.#moved.has(id)) continue
        const before = this.#disks.get(id)
        hold(before === undefined || before === made, `volume ${id} was made again`)
        this.#disks.set(id, made)
      }
      for (const id of Object.keys(host.sim.store(instance).snapshots)) {
        const row = this.#snapshots.get(id)
        hold(row && row.goneAt === null && row.host === host.id, `snapshot ${id} is left on ${host.id}`)
      }
      const had = new Map<string, string>()
      for (const { id, disks } of host.sim.machines(instance))
        for (const { volume } of disks) {
          const other = had.get(volume)
          hold(other === undefined, `${volume} is in ${other} and in ${id} on ${host.id}`)
          had.set(volume, id)
        }
    }
    for (const row of this.#volumes.values())
      if (row.goneAt === null && row.here === 1 && row.deleted === 0)
        hold(
          this.#hosts.some(h => h.id === row.host && h.sim.store(instance).volumes[row.id]),
          `volume ${row.id} was on ${row.host} and is lost`,
        )
    for (const row of this.#machines.values()) {
      if (row.ranAt === null || row.power === 'gone' || row.goneAt !== null || row.host === null) continue
      const on = where.get(row.id)
      hold(on?.has(row.host) || (on && this.#beside.has(row.id)), `${row.id} ran on ${row.host} and is lost`)
    }
    this.#resets()
  }

  #mayBe(subject: string, host: string): boolean {
    return this.#beside.get(subject)?.some(row => row.host === host) === true
  }

  /** No more resets reached a guest than were asked for. */
  #resets(): void {
    const asked = Map.groupBy(
      [...this.#operations.values()].filter(o => o.kind === 'machine.reboot'),
      o => o.subject,
    )
    for (const host of this.#hosts)
      for (const [id, resets] of host.resets) {
        const operations = asked.get(id) ?? []
        hold(resets <= operations.length, `${id} was reset ${resets} times, asked for ${operations.length} times`)
      }
  }

  /** Reboots that ended well, and never reached their guest. */
  unresetDone(): string[] {
    const done = [...this.#operations.values()].filter(o => o.kind === 'machine.reboot' && o.state === 'done')
    return [...Map.groupBy(done, o => o.subject)].flatMap(([subject, operations]) => {
      const resets = this.#hosts.reduce((sum, host) => sum + (host.resets.get(subject) ?? 0), 0)
      return resets >= operations.length
        ? []
        : [`${subject} was reset ${resets} times, and ${operations.length} reboots are done`]
    })
  }
}

/** Of hosts that were observed: what is counted free, for placement, and what is. */
const roomSql = `SELECT h.id, h.freeMemoryMiB AS free, o.memoryMiB * h.memoryRatio -
  coalesce((SELECT sum(a.memoryMiB) FROM allocation a WHERE a.host = h.id AND a.until IS NULL), 0) AS room
  FROM host h JOIN host_observed o ON o.host = h.id`
const usedSql = `SELECT host, sum(vcpus) AS vcpus, sum(memoryMiB) AS memoryMiB, sum(diskMiB) AS diskMiB FROM allocation WHERE until IS NULL GROUP BY host`

function hold(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Violation(what)
}
