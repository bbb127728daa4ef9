import { launchMachines } from '@sirocco/control/services/machines/launch.ts'
import { describe, expect, test } from 'vitest'
import { type World, world } from '../../support/world.ts'
import { hostFacts, must } from '../store/furnish.ts'

/** MiB of a t3.micro. */
const size = 1_024

/** Hosts with room for so many machines each. */
async function zoneOf(slots: readonly number[]): Promise<World & { commits: number }> {
  const at = await world({ hosts: slots.length })
  for (const [i, host] of at.rows.hosts.entries()) {
    const facts = { ...hostFacts(host, `h${i}`), cpus: 64, memoryMiB: (slots[i] ?? 0) * size, diskMiB: 1_048_576 }
    must(await at.rows.store.commit([{ do: 'host.observed', host, epoch: 1, seq: 10_000, digest: 'z', facts }]))
  }
  return watched(at)
}

/** After each commit, as the log has them one by one: no host carries more than its capacity times its ratio, and what is counted free is. */
function watched(at: World): World & { commits: number } {
  const wrong = `SELECT h.id FROM host h JOIN host_observed o ON o.host = h.id
    LEFT JOIN (SELECT host, sum(vcpus) AS vcpus, sum(memoryMiB) AS memoryMiB, sum(diskMiB) AS diskMiB FROM allocation
      WHERE until IS NULL GROUP BY host) u ON u.host = h.id
    WHERE u.vcpus > o.cpus * h.cpuRatio OR u.memoryMiB > o.memoryMiB * h.memoryRatio OR u.diskMiB > o.diskMiB * h.diskRatio
      OR h.freeMemoryMiB <> o.memoryMiB * h.memoryRatio - coalesce(u.memoryMiB, 0)`
  const watching = Object.assign(at, { commits: 0 })
  at.database.onWrite = () => {
    watching.commits++
    expect(at.database.look(wrong)).toEqual([])
  }
  return watching
}

const launch = (at: World, count = 1, more: { placementGroup?: string } = {}) =>
  launchMachines.call(
    { ports: at.ports, principal: at.principal },
    { image: at.rows.image, flavor: 't3.micro', minCount: count, maxCount: count, ...more },
  )

/** `all` launches of one machine, `width` of them at any time; the codes of those that were refused. */
async function launches(at: World, all: number, width: number, more: { placementGroup?: string } = {}): Promise<string[]> {
  let left = all
  const refused: string[] = []
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) {
        const launched = await launch(at, 1, more)
        if (!launched.ok) refused.push(launched.fault.code)
      }
    }),
  )
  return refused
}
const live = (at: World) =>
  at.database.look('SELECT count(*) AS n, count(DISTINCT host) AS hosts FROM allocation WHERE until IS NULL')[0]

describe('500 machines at once on 200 hosts', () => {
  const roomy = Array.from({ length: 200 }, () => 4)
  const exact = Array.from({ length: 200 }, (_, n) => 2 + (n % 2))

  test.each([
    ['more room than needed', roomy],
    ['exactly as much room as needed', exact],
  ])('in one call, %s: all are placed, none too many on any host at any time', async (_, slots) => {
    const at = await zoneOf(slots)
    must(await launch(at, 500))
    expect(live(at)).toMatchObject({ n: 1000 })
    expect(at.commits).toBe(1)
  })
  test('by 64 calls at a time, more room than needed: all are placed, none too many on any host at any time', async () => {
    const at = await zoneOf(roomy)
    expect(await launches(at, 500, 64)).toEqual([])
    expect(live(at)).toMatchObject({ n: 1000 })
    expect(at.commits).toBeGreaterThanOrEqual(500)
  })
  test('by 64 calls at a time, exactly as much room as needed: all are placed', async () => {
    const at = await zoneOf(exact)
    expect(await launches(at, 500, 64)).toEqual([])
    expect(live(at)).toMatchObject({ n: 1000, hosts: 200 })
    expect(await launches(at, 1, 1)).toEqual(['capacity'])
  })
})
