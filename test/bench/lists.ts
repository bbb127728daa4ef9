import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/web'
import { native } from '@sirocco/control/dialects/native/index.ts'
import type { NativeParts } from '@sirocco/control/dialects/native/parts.ts'
import type { Demand } from '@sirocco/control/domain/placement/demand.ts'
import { fetchOf, hranaUrl } from '@sirocco/local/hrana/fetch.ts'
import { createHrana } from '@sirocco/local/hrana/hrana.ts'
import { base } from '@sirocco/shared/api/routes.ts'
import { z } from 'zod'
import { clearSecrets, type Furnished, furnish, must } from '../contract/store/furnish.ts'
import { memoryBlobs } from '../support/blobs.ts'
import { crowd, crowded } from './crowd.ts'
import { type Figure, figure } from './figure.ts'

const runs = 40
const Page = z.object({ items: z.array(z.unknown()), next: z.string().nullish() })

/** The p-th percentile. */
const percentile = (values: readonly number[], p: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * p) / 100))] ?? 0

const asked = {
  machines: '/machines',
  'machines-named': '/machines?name=machine-12',
  'machines-named-one': '/machines?name=machine-24321',
  'machines-named-none': '/machines?name=nowhere',
  'machines-stopped': '/machines?state=stopped',
  'machines-failed': '/machines?state=failed',
  'machines-tagged': '/machines?tag=team%3Dteam-7',
  hosts: '/hosts',
  operations: '/operations',
  events: '/events',
  tags: '/tags',
  'key-pairs': '/key-pairs',
  'placement-groups': '/placement-groups',
  images: '/images',
  networks: '/networks',
} as const satisfies Record<string, string>

/**
 * Every list of a cloud of 25,000 machines on 2,500 hosts, over libSQL in a file: its first page and one from deep inside, as the API answers
 * them (median, and p99); beside the plainest read of as many rows of the same file.
 */
export async function lists(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-lists-'))
  const hrana = createHrana(join(folder, 'store.db'))
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  try {
    const at = await furnish(client, { hosts: 0 })
    await crowded(client, at)
    const parts = partsOf(at)
    const app = native()
    const get = async (path: string): Promise<z.output<typeof Page>> => {
      const response = await app.fetch(
        new Request(`${parts.publicUrl}${base}${path}`, { headers: { authorization: 'Bearer AKIAEXAMPLE.secret' } }),
        parts,
      )
      const body: unknown = await response.json()
      if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`)
      return Page.parse(body)
    }
    const plain = await timesOf(() => client.execute('SELECT * FROM machine ORDER BY id LIMIT 100'))
    const figures: Figure[] = []
    const measure = async (name: string, run: () => Promise<unknown>): Promise<void> => {
      const times = await timesOf(run)
      figures.push(figure(name, 'ms', times, plain), { ...figure(`${name}-p99`, 'ms', [percentile(times, 99)]), runs })
    }
    for (const [name, path] of Object.entries(asked)) {
      await measure(`list-${name}`, () => get(path))
      const deep = await deepIn(get, path)
      if (deep !== null) await measure(`list-${name}-deep`, () => get(deep))
    }
    const demand: Demand = {
      zone: 'test-1a',
      architecture: 'x86_64',
      vcpus: 2,
      memoryMiB: 1024,
      diskMiB: 8192,
      hostTags: {},
      group: null,
    }
    await measure('place-roomiest', async () => must(await at.store.hosts.roomiest(demand, 64)))
    await measure('place-every-host-page', async () => must(await at.store.hosts.ofZone(demand, { after: null, limit: 1_000 })))
    return figures
  } finally {
    client.close()
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lists ask the store and nobody else. */
function partsOf({ store, clock, random, ids }: Furnished): NativeParts {
  const nobody = () => {
    throw new Error('a list asks nobody but the store')
  }
  return {
    ports: {
      store,
      clock,
      random,
      ids,
      secrets: clearSecrets,
      pokes: { operations: nobody, hosts: nobody, events: nobody },
      links: { send: nobody, ask: nobody },
      streams: { open: nobody },
      blobs: memoryBlobs(),
    },
    publicUrl: 'https://cloud.example',
    ec2Url: 'https://ec2.cloud.example',
    origin: { address: null, device: '' },
    region: 'test-1',
    version: '0.1.0',
    feed: nobody,
    console: nobody,
    joinLine: nobody,
    log: nobody,
  }
}

async function timesOf(run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let n = -2; n < runs; n++) {
    const start = performance.now()
    await run()
    if (n >= 0) times.push(performance.now() - start)
  }
  return times
}

/** The list's page behind some 80 % of all its rows; null where it has but one. */
async function deepIn(get: (path: string) => Promise<z.output<typeof Page>>, path: string): Promise<string | null> {
  const sign = path.includes('?') ? '&' : '?'
  let rows = 0
  let cursor: string | null = null
  for (let pages = 0; pages < 100 && rows < crowd.machines * 0.8; pages++) {
    const { items, next }: z.output<typeof Page> = await get(
      `${path}${sign}limit=1000${cursor === null ? '' : `&cursor=${cursor}`}`,
    )
    if (next === null || next === undefined) break
    rows += items.length
    cursor = encodeURIComponent(next)
  }
  return cursor === null ? null : `${path}${sign}cursor=${cursor}`
}
