import type { Client } from '@libsql/client/web'
import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import { registerImage, setUp } from '@sirocco/control/adapters/store/set-up.ts'
import { libsqlStore } from '@sirocco/control/adapters/store/store.ts'
import type { Change } from '@sirocco/control/ports/changes.ts'
import type { Secrets } from '@sirocco/control/ports/secrets.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Id, type Ids, ids as idsOf } from '@sirocco/shared/kit/id.ts'
import { hex, type Random, seeded } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import type { SeenHost } from '@sirocco/shared/wire/objects.ts'

/** Sealed values that say where they belong, in the clear: nothing here is secret, and nothing waits for a cipher. */
export const clearSecrets: Secrets = {
  seal: async (secret, place) => `${place}=${secret.reveal()}`,
  open: async (sealed, place) =>
    sealed.startsWith(`${place}=`) ? ok(new Secret(sealed.slice(place.length + 1))) : refuse('internal', 'sealed elsewhere'),
}

/** A database with one project, one image, and hosts of one agent that has said what they are. */
export interface Furnished {
  readonly client: Client
  readonly store: Store
  readonly clock: { at: number; now(): number }
  readonly random: Random
  readonly ids: Ids
  readonly scope: { readonly project: Id<'project'> }
  readonly project: Id<'project'>
  readonly user: Id<'user'>
  readonly zone: Id<'zone'>
  readonly image: Id<'image'>
  readonly network: Id<'network'>
  readonly subnet: Id<'subnet'>
  readonly pool: Id<'storagePool'>
  readonly agent: Id<'agent'>
  readonly hosts: readonly Id<'host'>[]
  /** Another store over `client`, for tests that put something between. */
  over(client: Client): Store
}

export const region = 'test-1'
export const capacity = { cpus: 4, memoryMiB: 4096, diskMiB: 20 * 1024 } as const

/** What was granted, or a failed test that shows the refusal. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.fault.code}: ${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}

export async function furnish(client: Client, { hosts: count = 2 } = {}): Promise<Furnished> {
  const clock = {
    at: 1_800_000_000_000,
    now() {
      return this.at
    },
  }
  const random = seeded(1)
  const ids = idsOf(clock, random)
  const parts = { client, secrets: clearSecrets, clock, random, ids }
  await migrate(client)
  const { project, user, zone } = await setUp(parts, {
    region,
    pool: '10.64.0.0/16',
    project: 'demo',
    admin: { email: 'admin@example.org', passwordHash: 'scrypt$' },
    accessKey: { accessKeyId: 'AKIAEXAMPLE', secret: new Secret('secret') },
  })
  const file = { role: 'disk', format: 'qcow2', sha256: 'ab'.repeat(32), bytes: 10 } as const
  const image = await registerImage(parts, {
    name: 'tiny',
    description: '',
    architecture: 'x86_64',
    minDiskMiB: 512,
    files: [file],
    cmdline: null,
  })
  const over = (through: Client) => libsqlStore({ client: through, clock, ids, secrets: clearSecrets, pause: async () => {} })
  const store = over(client)
  const agent = ids.make('agent')
  const hosts = Array.from({ length: count }, () => ids.make('host'))
  const changes: Change[] = [
    {
      do: 'agent.insert',
      agent,
      publicKey: 'key',
      fingerprint: 'print',
      zone,
      version: '0.1.0',
      roles: ['host', 'convert'],
      linkObject: 0,
    },
    ...hosts.flatMap((host, i): Change[] => [
      { do: 'host.insert', host, agent, zone, name: `h${i + 1}` },
      { do: 'host.observed', host, epoch: 1, seq: 1, digest: 'x', facts: hostFacts(host, `h${i + 1}`) },
    ]),
    { do: 'agent.link', agent, epoch: 1, bootId: 'b', version: '0.1.0' },
  ]
  must(await store.commit(changes))
  const [network] = must(await store.networks.list({ project }, { after: null, limit: 10 })).items
  const subnet = network?.subnets[0]
  const [pool] = must(await store.pools.list())
  assert(network && subnet && pool, 'a project has a default network, its zone a pool')
  return {
    client,
    store,
    clock,
    random,
    ids,
    scope: { project },
    project,
    user,
    zone,
    image,
    network: network.id,
    subnet: subnet.id,
    pool: pool.id,
    agent,
    hosts,
    over,
  }
}

/** Another agent of the zone with a host of its own, which is heard. */
export function secondAgent(at: Pick<Furnished, 'ids' | 'zone'>, name = 'other'): Change[] {
  const agent = at.ids.make('agent')
  const host = at.ids.make('host')
  return [
    { do: 'agent.insert', agent, publicKey: `key of ${name}`, fingerprint: name, zone: at.zone, version: '0.1.0', linkObject: 0 },
    { do: 'host.insert', host, agent, zone: at.zone, name },
    { do: 'host.observed', host, epoch: 1, seq: 1, digest: 'x', facts: hostFacts(host, name) },
    { do: 'agent.link', agent, epoch: 1, bootId: 'b2', version: '0.1.0' },
  ]
}

export const hostFacts = (id: string, name: string): SeenHost => ({
  kind: 'host',
  id,
  name,
  hypervisor: 'simulated',
  hypervisorVersion: '1',
  acceleration: 'simulated',
  architecture: 'x86_64',
  bootId: 'b',
  warnings: [],
  ...capacity,
})

/** Everything that launching one machine writes. */
export function launching(at: Furnished, { n, host = at.hosts[0] }: { n: number; host?: Id<'host'> | undefined }) {
  assert(host, 'a host')
  const { ids, random } = at
  const machine = ids.make('machine')
  const operation = ids.make('operation')
  const volume = ids.make('volume')
  const size = { vcpus: 1, memoryMiB: 1024, diskMiB: 1024 }
  const changes: Change[] = [
    {
      do: 'machine.insert',
      machine: {
        id: machine,
        alias: `i-${hex(random, 17)}`,
        project: at.project,
        zone: at.zone,
        name: `m${n}`,
        flavor: 't3.micro',
        ...size,
        image: at.image,
        keyPair: null,
        publicKeys: [],
        userData: `machine|${machine}|user_data=aGVsbG8=`,
        reservation: `r-${hex(random, 17)}`,
        launchIndex: 0,
        clientToken: null,
        onGuestShutdown: 'stop',
        placementGroup: null,
        hostTags: {},
        protected: false,
        firmware: 'bios',
      },
    },
    {
      do: 'port.insert',
      port: {
        id: ids.make('port'),
        alias: `eni-${hex(random, 17)}`,
        project: at.project,
        network: at.network,
        subnet: at.subnet,
        machine,
        position: 0,
        mac: `52:54:00:00:${hexByte(n >> 8)}:${hexByte(n)}`,
        address: `10.64.${n >> 8}.${n & 255}`,
      },
    },
    {
      do: 'volume.insert',
      volume: {
        id: volume,
        alias: `vol-${hex(random, 17)}`,
        project: at.project,
        zone: at.zone,
        pool: at.pool,
        name: '',
        sizeMiB: size.diskMiB,
        sourceKind: 'image',
        sourceImage: at.image,
        sourceSnapshot: null,
      },
    },
    {
      do: 'attachment.insert',
      attachment: { volume, machine, device: 'vda', boot: true, readOnly: false, deleteOnTermination: true },
    },
    { do: 'allocation.claim', id: ids.make('allocation'), consumer: machine, host, ...size, diskMiB: 0 },
    {
      do: 'allocation.claim',
      id: ids.make('allocation'),
      consumer: volume,
      host,
      vcpus: 0,
      memoryMiB: 0,
      diskMiB: size.diskMiB,
    },
    { do: 'host.touch', host },
    {
      do: 'operation.start',
      operation: { id: operation, kind: 'machine.create', workflow: 1, project: at.project, subject: machine, generation: 1 },
    },
    { do: 'event', project: at.project, type: 'machine.launch', subject: machine },
  ]
  return { machine, volume, operation, host, changes }
}
const hexByte = (n: number) => (n & 255).toString(16).padStart(2, '0')

/** A machine that stands: launched, and written. */
export async function launched(at: Furnished, n: number) {
  const launch = launching(at, { n })
  must(await at.store.commit(launch.changes))
  return launch
}
