import { createHash } from 'node:crypto'
import { simulatedBackups } from '@sirocco/agent/backups/simulated.ts'
import { privateCloud } from '@sirocco/control/adapters/clouds/private/connector.ts'
import type { Principal } from '@sirocco/control/domain/access/principal.ts'
import { runDue } from '@sirocco/control/operations/engine.ts'
import { workflows } from '@sirocco/control/operations/index.ts'
import type { AgentLinks } from '@sirocco/control/ports/agent-link.ts'
import type { Pokes } from '@sirocco/control/ports/pokes.ts'
import { observe } from '@sirocco/control/services/agents/observe.ts'
import { keepResult } from '@sirocco/control/services/agents/result.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import { type Fault, ok } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Power, SeenPower } from '@sirocco/shared/model/machines/states.ts'
import type { SeenBackup, WantedBackup } from '@sirocco/shared/wire/backups.ts'
import type { SeenImport, WantedImport } from '@sirocco/shared/wire/imports.ts'
import type { Seen, SeenMachine, WantedMachine, WantedSnapshot, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Sample } from '@sirocco/shared/wire/samples.ts'
import { clearSecrets, type Furnished, furnish, hostFacts } from '../contract/store/furnish.ts'
import type { MemoryDatabase } from '../simulation/world/client.ts'
import { storedObjects } from './backup-objects.ts'
import { memoryBlobs } from './blobs.ts'
import { migratedDatabase } from './migrated.ts'

/**
 * A control plane in this process, over a database in memory, whose hosts do at once what is wanted unless they are silent: for tests of dialects and
 * verbs. Time stands still but for `clock.at`.
 */
export interface World {
  readonly ports: Ports
  readonly database: MemoryDatabase
  readonly rows: Furnished
  readonly principal: Principal
  readonly accessKey: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** What a host does instead of obeying, by machine name: e.g. a fault. */
  readonly behaviour: Map<string, (wanted: WantedMachine) => Omit<SeenMachine, 'kind' | 'id'>>
  readonly blobs: ReturnType<typeof memoryBlobs>
  /** From now on imports and backups end with this; null: well. */
  failImports(fault: Fault | null): void
  /** Every host that was touched does what is wanted, and says so. */
  obey(): Promise<void>
  /** Runs everything that is due until nothing is: afterwards desired is observed. */
  settle(): Promise<void>
}

export const accessKey = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }

export async function world({ hosts = 2, cpus = 64, memoryMiB = 65_536 } = {}): Promise<World> {
  const database = migratedDatabase()
  const rows = await furnish(database, { hosts })
  const behaviour: World['behaviour'] = new Map()
  let seq = 1
  for (const [i, host] of rows.hosts.entries())
    await rows.store.commit([
      {
        do: 'host.observed',
        host,
        epoch: 1,
        seq: ++seq,
        digest: 'y',
        facts: { ...hostFacts(host, `h${i + 1}`), cpus, memoryMiB, diskMiB: 1_048_576 },
      },
    ])

  const blobs = memoryBlobs()
  let importFault: Fault | null = null
  const due = new Set<number>()
  const touched = new Set<Id<'host'>>()
  const pokes: Pokes = {
    operations(shards) {
      for (const shard of shards) due.add(shard)
    },
    hosts(ids) {
      for (const id of ids) touched.add(id)
    },
    events: () => {},
  }
  const links: AgentLinks = {
    async send({ id, host, body }) {
      if (body.do !== 'reboot') return ok(undefined)
      return keepResult(ports, { type: 'result', n: 1, command: id, host, outcome: { ok: true, value: '' } })
    },
    ask: async ({ body }) => {
      if (body.do === 'guest-facts') return ok('{"hostname":"web","interfaces":[]}')
      if (body.do !== 'samples') return ok(btoa('Sirocco Tiny login: '))
      const now = rows.clock.now()
      const samples: Sample[] = [20_000, 10_000, 0].map(ago => ({ at: now - ago, reading: [0.5, 1_024, 1, 2, 3, 4] }))
      return ok(JSON.stringify(samples.filter(({ at }) => at > body.after)))
    },
  }
  const ports: Ports = {
    store: rows.store,
    secrets: clearSecrets,
    pokes,
    links,
    streams: { open: async () => ok(undefined) },
    blobs,
    clock: rows.clock,
    random: rows.random,
    ids: rows.ids,
  }
  const engine = { ...ports, clouds: { of: () => privateCloud(ports) } }

  const made = ({ id, generation }: WantedImport): SeenImport => {
    const bytes = new TextEncoder().encode(`made ${id}`)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    blobs.all.set(`images/${sha256}`, bytes)
    const sizes = { bytes: bytes.length, virtualBytes: 67_108_864, sourceBytes: 20, sourceSha256: 'e'.repeat(64) }
    const result = { sha256, format: 'raw' as const, ...sizes }
    return { kind: 'import', id, applied: generation, ...(importFault ? { fault: importFault } : { result }) }
  }

  const backups = simulatedBackups(storedObjects(rows.store, blobs))
  async function backedUp(wanted: WantedBackup): Promise<SeenBackup> {
    const { id, generation: applied } = wanted
    const frozen = { path: '', format: 'qcow2', virtualBytes: 67_108_864 } as const
    const taken = importFault
      ? { ok: false as const, fault: importFault }
      : await backups.take(wanted, frozen, () => {}, new AbortController().signal)
    return { kind: 'backup', id, applied, ...(taken.ok ? { result: taken.value } : { fault: taken.fault }) }
  }

  async function obey(host: Id<'host'>): Promise<void> {
    const agent = await rows.store.agents.ofHost(host)
    if (!agent.ok) throw new Error(agent.fault.message)
    if (agent.value.silentSince !== null) return
    const desired = await rows.store.hosts.desired(host)
    if (!desired.ok) throw new Error(desired.fault.message)
    const taken = new Map<string, SeenBackup>()
    for (const wanted of desired.value.objects) if (wanted.kind === 'backup') taken.set(wanted.id, await backedUp(wanted))
    const changed = desired.value.objects.flatMap((wanted): Seen[] => {
      if (wanted.kind === 'machine')
        return [{ kind: 'machine', id: wanted.id, ...(behaviour.get(wanted.name) ?? obedient)(wanted) }]
      if (wanted.kind === 'import') return [made(wanted)]
      if (wanted.kind === 'backup') return [taken.get(wanted.id) ?? []].flat()
      if (wanted.kind === 'pool') return [{ kind: 'pool', id: wanted.id, totalMiB: 2_560 }]
      return wanted.kind === 'network' || wanted.kind === 'neighbours' || wanted.kind === 'group' ? [] : [kept(wanted)]
    })
    const seen = await observe(ports, host, { epoch: agent.value.epoch, seq: ++seq, base: null, changed, gone: [] })
    if (!seen.ok) throw new Error(seen.fault.message)
  }

  const found = await rows.store.access.byAccessKey(accessKey.accessKeyId)
  if (!found.ok) throw new Error(found.fault.message)
  return {
    ports,
    database,
    rows,
    principal: found.value.principal,
    accessKey,
    behaviour,
    blobs,
    failImports(fault) {
      importFault = fault
    },
    async obey() {
      const hosts = [...touched]
      touched.clear()
      for (const host of hosts) await obey(host)
    },
    async settle() {
      for (let turns = 0; due.size > 0 || touched.size > 0; turns++) {
        if (turns > 1_000) throw new Error('it does not settle')
        const [hosts, shards] = [[...touched], [...due]]
        touched.clear()
        due.clear()
        for (const host of hosts) await obey(host)
        for (const shard of shards) {
          const ran = await runDue(engine, workflows, shard)
          if (!ran.ok) throw new Error(ran.fault.message)
          if (ran.value !== null && ran.value <= rows.clock.now()) due.add(shard)
        }
      }
    },
  }
}

/** What a host shows that has done what was wanted. */
export const shown = {
  on: 'running',
  off: 'stopped',
  cut: 'stopped',
  paused: 'paused',
  suspended: 'suspended',
  'as-is': 'running',
  gone: 'absent',
} as const satisfies Record<Power, SeenPower>

const obedient = ({ generation, power, ports }: WantedMachine): Omit<SeenMachine, 'kind' | 'id'> => ({
  applied: generation,
  power: shown[power],
  ...(power === 'on' || power === 'paused' ? {} : { cause: 'asked' as const }),
  addresses: power === 'on' ? ports.map(port => port.address) : [],
})

/** A volume or snapshot as it is once everything wanted of it is so. */
export const kept = (wanted: WantedVolume | WantedSnapshot): Seen =>
  wanted.kind === 'volume'
    ? {
        kind: 'volume',
        id: wanted.id,
        applied: wanted.generation,
        here: !wanted.gone,
        sizeMiB: wanted.gone ? 0 : wanted.sizeMiB,
        machine: wanted.attached?.machine ?? null,
      }
    : { kind: 'snapshot', id: wanted.id, applied: wanted.generation, here: !wanted.gone }
