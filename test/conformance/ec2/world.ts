import { type Ec2Options, ec2 } from '@sirocco/control/dialects/ec2/index.ts'
import { type Signer, signed } from '@sirocco/control/dialects/ec2/testing/sign.ts'
import type { Machine } from '@sirocco/control/domain/machines/machine.ts'
import type { Snapshot } from '@sirocco/control/domain/volumes/snapshot.ts'
import type { Volume } from '@sirocco/control/domain/volumes/volume.ts'
import { volumesLeft } from '@sirocco/control/operations/volumes-left.ts'
import type { Change } from '@sirocco/control/ports/changes.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import type { SeenPower } from '@sirocco/shared/model/machines/states.ts'
import { clearSecrets, type Furnished, furnish, must, region } from '../../contract/store/furnish.ts'
import { memoryBlobs } from '../../support/blobs.ts'
import { migratedDatabase } from '../../support/migrated.ts'

export const endpoint = 'http://127.0.0.1:8788/'
export { region }
/** The key that a furnished database begins with. */
export const key = { accessKeyId: 'AKIAEXAMPLE', secret: 'secret' } as const

/** The dialect over the real verbs and the real store in memory; hosts do what is wanted when a test says so. */
export async function ec2World(more: Partial<Pick<Ec2Options, 'report'>> = {}) {
  const furnished = await furnish(migratedDatabase(), { hosts: 4 })
  const { store, clock, ids } = furnished
  const ports: Ports = {
    store,
    secrets: clearSecrets,
    pokes: { operations: () => {}, hosts: () => {}, events: () => {} },
    links: { send: async () => ok(undefined), ask: async () => ok(btoa('Welcome\r\nlogin: ')) },
    streams: { open: async () => refuse('unsupported', 'no consoles here') },
    blobs: memoryBlobs(),
    clock,
    random: seeded(7),
    ids,
  }
  const app = ec2({ ports, region, endpoint: '127.0.0.1:8788', ...more })
  const signer: Signer = { ...key, region, now: clock.at }
  const ask = async (form: Readonly<Record<string, string>>, as: Partial<Signer> = {}) => {
    const body = new URLSearchParams({ Version: '2016-11-15', ...form }).toString()
    const response = await app.fetch(signed(endpoint, body, { ...signer, now: clock.at, ...as }))
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return {
    ...furnished,
    ports,
    app,
    ask,
    settle: () => settle(furnished),
    fail: (ref: string, fault: Fault) => fail(furnished, ref, fault),
  }
}
export type Ec2World = Awaited<ReturnType<typeof ec2World>>

let observations = 0
const everything = { after: null, limit: 1_000 }

/** Every host has done what is wanted of its machines, and said so. */
async function settle({ store, scope, clock, ids }: Furnished): Promise<void> {
  const machines = must(await store.machines.list(scope, everything)).items.filter(
    machine => machine.goneAt === null && machine.failure === null,
  )
  clock.at += 1_000
  for (const machine of machines) must(await store.commit(changesOf(machine, ids, ++observations)))
  for (const volume of must(await store.volumes.list(scope, everything)).items)
    if (volume.deleted && volume.goneAt === null)
      must(await store.commit([{ do: 'volume.gone', volume: volume.id, generation: volume.generation }, freed(volume.id)]))
    else if (volume.host !== null && !volume.deleted) must(await store.commit([shownHere(volume, ++observations)]))
  for (const snapshot of must(await store.snapshots.list(scope, everything)).items)
    if (!snapshot.deleted) must(await store.commit([madeHere(snapshot, ++observations)]))
    else if (snapshot.goneAt === null)
      must(
        await store.commit([{ do: 'snapshot.gone', snapshot: snapshot.id, generation: snapshot.generation }, freed(snapshot.id)]),
      )
}

const freed = (consumer: Volume['id'] | Snapshot['id']): Change => ({ do: 'allocation.release', consumer })

const madeHere = ({ id, host, generation }: Snapshot, seq: number): Change => ({
  do: 'snapshot.observed',
  snapshot: id,
  host,
  epoch: 1,
  seq,
  appliedGeneration: generation,
  here: true,
  quiet: false,
  fault: null,
  digest: `${generation}`,
})

const shownHere = ({ id, host, generation, sizeMiB, attachment }: Volume, seq: number): Change => ({
  do: 'volume.observed',
  volume: id,
  host,
  epoch: 1,
  seq,
  appliedGeneration: generation,
  here: true,
  sizeMiB,
  machine: attachment?.machine ?? null,
  progress: null,
  fault: null,
  digest: `${generation}-${attachment?.machine}-${sizeMiB}`,
})

function changesOf(machine: Machine, ids: Furnished['ids'], seq: number): Change[] {
  const { id, generation } = machine
  if (machine.power === 'gone')
    return [
      { do: 'machine.gone', machine: id, generation },
      { do: 'port.release', machine: id },
      { do: 'allocation.release', consumer: id },
      ...volumesLeft(machine, ids),
    ]
  const power: SeenPower = machine.power === 'on' ? 'running' : 'stopped'
  const seen: Change = {
    do: 'machine.observed',
    machine: id,
    host: machine.host,
    epoch: 1,
    seq,
    appliedGeneration: generation,
    power,
    cause: power === 'stopped' ? 'asked' : null,
    progress: null,
    fault: null,
    digest: `${generation}-${power}`,
  }
  return power === 'running' ? [seen, { do: 'machine.ran', machine: id }] : [seen]
}

/** The machine never ran: what its operation does when it gives up. */
async function fail({ store, scope }: Furnished, ref: string, fault: Fault): Promise<void> {
  const [machine] = must(await store.machines.find(scope, [ref]))
  if (machine)
    must(await store.commit([{ do: 'machine.fail', machine: machine.id, generation: machine.generation, fault, discard: true }]))
}

/** The text of the first element of this name. */
export const textOf = (xml: string, element: string): string =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? ''
/** The texts of all elements of this name, in order. */
export const textsOf = (xml: string, element: string): string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(match => match[1] ?? '')
