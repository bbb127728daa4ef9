import { digest } from '@sirocco/shared/kit/canonical.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Observed } from '@sirocco/shared/wire/frames.ts'
import type { SeenMachine, SeenVolume } from '@sirocco/shared/wire/objects.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import { notice } from '../../domain/machines/observe.ts'
import type { Tombstone } from '../../domain/machines/tombstone.ts'
import type { Migration } from '../../domain/migrations/migration.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'
import { noticedBackup } from './observe-backup.ts'
import { noticedImport } from './observe-import.ts'
import { orphaned, orphansLeft } from './observe-orphan.ts'
import { noticedPool } from './observe-pool.ts'
import { noticedSnapshot, noticedVolume } from './observe-volume.ts'

type Frame = Pick<Observed, 'epoch' | 'seq' | 'base' | 'changed' | 'gone'>

/** A frame and the host that it is of. */
interface Report {
  readonly host: Id<'host'>
  readonly frame: Frame
}

/**
 * What an agent says of one of its hosts, as one batch: observed rows, what follows from them, and events. What is known already
 * is not written. What somebody asked for meanwhile is looked at anew; refused `stale` where a newer link of the agent came up.
 */
export async function observe(ports: Ports, host: Id<'host'>, frame: Frame): Promise<Result<void>> {
  for (let look = 1; ; look++) {
    const written = await looked(ports, [{ host, frame }])
    if (written.ok || written.fault.code !== 'stale' || look >= limits.observeLooks) return written
  }
}

/** The same of several hosts, no two frames of one: they share a batch, or go each on its own where that is refused. */
export async function observeAll(ports: Ports, reports: readonly Report[]): Promise<Result<void>> {
  if (reports.length > 1) {
    const written = await looked(ports, reports)
    if (written.ok || written.fault.code !== 'stale') return written
  }
  for (const { host, frame } of reports) {
    const written = await observe(ports, host, frame)
    if (!written.ok) return written
  }
  return ok(undefined)
}

async function looked(ports: Ports, reports: readonly Report[]): Promise<Result<void>> {
  const found = await Promise.all(reports.map(({ host, frame }) => changesOf(ports, host, frame)))
  const changes: Change[] = []
  for (const [i, { host, frame }] of reports.entries()) {
    const one = found[i] ?? ok([])
    if (!one.ok) return one
    if (one.value.length > 0) changes.push({ do: 'link.holds', host, epoch: frame.epoch }, ...one.value)
  }
  if (changes.length === 0) return ok(undefined)
  const written = await ports.store.commit(changes)
  if (written.ok) pokeFor(ports.pokes, changes)
  return written
}

/** What follows from a frame, as the rows stand now. */
async function changesOf(ports: Ports, host: Id<'host'>, frame: Frame): Promise<Result<Change[]>> {
  const { store } = ports
  const machines = frame.changed.filter(object => object.kind === 'machine')
  const imports = frame.changed.filter(object => object.kind === 'import')
  const saysHost = frame.changed.some(object => object.kind === 'host')
  const volumes = frame.changed.filter(object => object.kind === 'volume')
  const snapshots = frame.changed.filter(object => object.kind === 'snapshot')
  const backups = frame.changed.filter(object => object.kind === 'backup')
  const pools = frame.changed.filter(object => object.kind === 'pool')
  const [
    placed,
    placedVolumes,
    placedSnapshots,
    placedImports,
    placedBackups,
    orphans,
    factsDigest,
    tombstones,
    moves,
    seenPools,
  ] = await Promise.all([
    machines.length === 0
      ? ok([])
      : store.machines.onHost(
          host,
          machines.map(m => m.id),
        ),
    volumes.length === 0
      ? ok([])
      : store.volumes.onHost(
          host,
          volumes.map(v => v.id),
        ),
    snapshots.length === 0
      ? ok([])
      : store.snapshots.onHost(
          host,
          snapshots.map(s => s.id),
        ),
    imports.length === 0
      ? ok([])
      : store.images.onHost(
          host,
          imports.map(i => i.id),
        ),
    backups.length === 0
      ? ok([])
      : store.backups.onHost(
          host,
          backups.map(b => b.id),
        ),
    store.orphans.onHost(host),
    saysHost ? store.hosts.factsDigest(host) : ok(null),
    machines.length + volumes.length === 0 ? ok([]) : store.hosts.tombstones(host),
    machines.length === 0 ? ok([]) : store.migrations.onHost(host),
    pools.length === 0 ? ok([]) : store.pools.seenBy(host),
  ])
  if (!placed.ok) return placed
  if (!placedVolumes.ok) return placedVolumes
  if (!placedSnapshots.ok) return placedSnapshots
  if (!placedImports.ok) return placedImports
  if (!placedBackups.ok) return placedBackups
  if (!orphans.ok) return orphans
  if (!factsDigest.ok) return factsDigest
  if (!tombstones.ok) return tombstones
  if (!moves.ok) return moves
  if (!seenPools.ok) return seenPools

  const byId = new Map<string, Machine>(placed.value.map(machine => [machine.id, machine]))
  const at = { host, epoch: frame.epoch, seq: frame.seq }
  const known = new Map(orphans.value.map(orphan => [orphan.machine, orphan.digest]))
  const isToGo = (id: string) => tombstones.value.some(({ subject }) => subject === id)
  const risen = await deletedOf(
    store,
    machines.filter(({ id, power }) => power !== 'absent' && !byId.has(id) && !isToGo(id)).map(({ id }) => id),
  )
  if (!risen.ok) return risen
  const changes: Change[] = []
  const now = ports.clock.now()
  for (const volume of placedVolumes.value)
    for (const seen of volumes) if (seen.id === volume.id) changes.push(...noticedVolume(volume, seen, at, now))
  for (const snapshot of placedSnapshots.value)
    for (const seen of snapshots) if (seen.id === snapshot.id) changes.push(...noticedSnapshot(snapshot, seen, at, now))
  for (const tombstone of tombstones.value) {
    const subject = tombstone.subject
    if (placed.value.some(({ id }) => id === subject) || placedVolumes.value.some(({ id }) => id === subject)) continue
    for (const seen of [...machines, ...volumes]) if (seen.id === subject) changes.push(...buried(tombstone, seen))
  }
  for (const pool of pools) changes.push(...noticedPool(host, pool, seenPools.value))
  for (const image of placedImports.value)
    for (const seen of imports) if (seen.id === image.id) changes.push(...noticedImport(image, seen, at))
  for (const backup of placedBackups.value)
    for (const seen of backups) if (seen.id === backup.id) changes.push(...noticedBackup(backup, seen, at))
  for (const object of frame.changed) {
    if (object.kind !== 'host' && object.kind !== 'machine') continue
    if (object.kind === 'host') {
      const said = digest(object)
      if (said !== factsDigest.value)
        changes.push(
          { do: 'host.observed', ...at, facts: object, digest: said },
          { do: 'event', project: null, type: 'host.observed', subject: host },
        )
      continue
    }
    const machine = byId.get(object.id)
    const isBuried = isToGo(object.id)
    const migration = moves.value.find(({ machine: id }) => id === object.id)
    if (migration) changes.push(...movedOn(migration, host, object))
    // Away, or away for all that this host knows: what it shows of the machine is no word about its power.
    if (machine && migration && object.power !== 'running' && awayOf(object)) continue
    if (machine) changes.push(...noticed(ports, machine, object, at))
    else if (!migration && risen.value.has(object.id)) changes.push(...buriedAgain(host, object.id))
    else if (!migration && !isBuried) changes.push(...orphaned(host, object, known))
  }
  const isMine = (id: string) => byId.has(id) || moves.value.some(({ machine }) => machine === id)
  changes.push(...orphansLeft({ host, frame }, orphans.value, isMine, changes))
  return ok(changes)
}

/**
 * Of these, which their owners deleted: one may be there again all the same, defined by a hypervisor that its agent had asked before both
 * died. Nobody need be asked what is to become of it.
 */
async function deletedOf(store: Ports['store'], ids: readonly string[]): Promise<Result<ReadonlySet<string>>> {
  const found = ids.length === 0 ? ok([]) : await store.machines.deleted(ids)
  return found.ok ? ok(new Set(found.value)) : found
}

const buriedAgain = (host: Id<'host'>, machine: string): Change[] => [
  { do: 'tombstone.insert', host, subject: machine as Id<'machine'> },
  { do: 'host.touch', host },
]

/** Has the machine left this host, or may it have? */
const awayOf = ({ move }: SeenMachine): boolean => move?.phase === 'left' || move?.phase === 'unknown'

/** What one of its hosts says of a move that is new. */
function movedOn(migration: Migration, host: Id<'host'>, { move, progress }: SeenMachine): Change[] {
  const side = migration.source === host ? 'source' : 'target'
  const before = side === 'source' ? migration.sourceSaw : migration.targetSaw
  const saw = move?.id === migration.id ? move : before
  if (digest(saw) === digest(before) && (progress ?? null) === migration.progress) return []
  return [
    { do: 'migration.seen', migration: migration.id, side, saw, progress: progress ?? null },
    { do: 'operation.wake', subject: migration.id, generation: migration.generation },
  ]
}

/** Nothing of it is left on this host: it need not be told any more. */
function buried({ host, subject, generation }: Tombstone, seen: SeenMachine | SeenVolume): Change[] {
  const isGone = seen.kind === 'machine' ? seen.power === 'absent' : !seen.here
  if (!isGone || seen.applied < generation) return []
  return [
    { do: 'tombstone.gone', host, subject },
    { do: 'host.touch', host },
  ]
}

/** The changes that a look at one machine makes. */
export function noticed(
  { ids, clock }: Pick<Ports, 'ids' | 'clock'>,
  machine: Machine,
  seen: Omit<SeenMachine, 'kind' | 'id'>,
  at: { readonly host: Id<'host'> | null; readonly epoch: number; readonly seq: number },
): Change[] {
  const { applied, power, cause, progress, fault, addresses } = seen
  const found = notice(machine, { applied, power, cause, progress, fault, addresses }, clock.now())
  if (!found) return []
  const { at: _, ...observation } = found.observation
  const changes: Change[] = [{ do: 'machine.observed', machine: machine.id, ...at, ...observation }]
  if (found.ran) changes.push({ do: 'machine.ran', machine: machine.id })
  if (found.wake) changes.push({ do: 'operation.wake', subject: machine.id, generation: applied })
  // Also where the state seems the same: somebody may have asked for something between the look and the write.
  const moved = machine.observed?.power !== observation.power || machine.observed.appliedGeneration !== applied
  if (found.from !== found.to || moved || progress !== undefined)
    changes.push({
      do: 'event',
      project: machine.project,
      type: 'machine.state',
      subject: machine.id,
      data: { from: found.from, to: found.to, ...(progress ? { progress } : {}) },
    })
  if (found.crashed && observation.fault) {
    changes.push({
      do: 'machine.fail',
      machine: machine.id,
      generation: machine.generation,
      fault: observation.fault,
      discard: false,
    })
    changes.push({
      do: 'event',
      project: machine.project,
      type: 'machine.crashed',
      subject: machine.id,
      data: { message: observation.fault.message },
    })
  }
  if (found.follow) {
    const generation = machine.generation + 1
    changes.push({ do: 'machine.intent', machine: machine.id, version: machine.version, generation, power: found.follow })
    if (machine.host) changes.push({ do: 'host.touch', host: machine.host })
    if (found.follow === 'gone') {
      const operation = ids.make('operation')
      changes.push({
        do: 'operation.start',
        operation: {
          id: operation,
          kind: 'machine.delete',
          workflow: workflowVersions['machine.delete'],
          project: machine.project,
          subject: machine.id,
          generation,
        },
      })
    }
    changes.push({
      do: 'event',
      project: machine.project,
      type: 'machine.guest-shutdown',
      subject: machine.id,
      data: { power: found.follow },
    })
  }
  return changes
}
