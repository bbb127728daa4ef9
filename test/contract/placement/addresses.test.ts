import { launchMachines } from '@sirocco/control/services/machines/launch.ts'
import { describe, expect, test } from 'vitest'
import { type World, world } from '../../support/world.ts'
import { must } from '../store/furnish.ts'

/** A project whose subnet has so many addresses for machines, on hosts with room for all. */
async function subnetOf(cidr: string): Promise<World> {
  const at = await world({ hosts: 40 })
  await at.rows.client.execute({ sql: 'UPDATE subnet SET cidr = ?', args: [cidr] })
  return at
}

const launch = (at: World, minCount = 1, maxCount = minCount) =>
  launchMachines.call(
    { ports: at.ports, principal: at.principal },
    { image: at.rows.image, flavor: 't3.nano', minCount, maxCount },
  )

const addresses = (at: World) => at.database.look('SELECT address FROM port').map(row => String(row.address))

describe('addresses of machines', () => {
  test('of 251 launches of one machine at once, on as many free addresses: all come to be, each with its own', async () => {
    const at = await subnetOf('10.64.0.0/24')
    const launched = await Promise.all(Array.from({ length: 251 }, () => launch(at)))
    expect(launched.filter(({ ok }) => !ok)).toEqual([])
    expect(new Set(addresses(at)).size).toBe(251)
    expect(addresses(at)).not.toContain('10.64.0.3')
    expect(addresses(at)).not.toContain('10.64.0.255')
  })

  test('of launches of many machines at once: all come to be', async () => {
    const at = await subnetOf('10.64.0.0/20')
    const launched = await Promise.all(Array.from({ length: 8 }, () => launch(at, 50)))
    expect(launched.filter(({ ok }) => !ok)).toEqual([])
    expect(new Set(addresses(at)).size).toBe(400)
  })

  test('that are used up refuse a launch, and say what to do; one that is given back serves the next', async () => {
    const at = await subnetOf('10.64.0.0/28')
    must(await launch(at, 11))
    expect(await launch(at)).toMatchObject({
      fault: { code: 'capacity', message: expect.stringMatching(/10\.64\.0\.0\/28\) has no free address left; delete machines/) },
    })
    const [machine] = at.database.look("SELECT machine FROM port WHERE address = '10.64.0.9'")
    must(await at.rows.store.commit([{ do: 'port.release', machine: machine?.machine as 'vm_' }]))
    must(await launch(at))
    expect(addresses(at)).toContain('10.64.0.9')
  })

  test('that are fewer than were asked for at most: so many machines are launched; fewer than at least: none', async () => {
    const at = await subnetOf('10.64.0.0/28')
    expect(must(await launch(at, 2, 8)).machines).toHaveLength(8)
    expect(await launch(at, 4, 8)).toMatchObject({ fault: { code: 'capacity', message: expect.stringContaining('only 3 free') } })
    expect(must(await launch(at, 2, 8)).machines).toHaveLength(3)
    expect(addresses(at)).toHaveLength(11)
  })
})
