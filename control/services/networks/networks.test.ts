import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Store } from '../../ports/store.ts'
import type { Ports } from '../context.ts'
import { deleteMachines } from '../machines/delete.ts'
import { launchMachines } from '../machines/launch.ts'
import { makeProject } from '../projects/make.ts'
import { setQuota } from '../projects/set-quota.ts'
import { addSubnet } from './add-subnet.ts'
import { createNetwork } from './create.ts'
import { deleteNetwork } from './delete.ts'
import { findNetwork } from './list.ts'
import { removeSubnet } from './remove-subnet.ts'

/** A cloud of two hosts with two projects. */
async function two(hosts = 2) {
  const at = await world({ hosts })
  const admin: Principal = { ...at.principal, role: 'admin' }
  const call = { ports: at.ports, principal: admin }
  const { project } = must(await makeProject.call(call, { name: 'other' }))
  return { at, call, other: { ports: at.ports, principal: { ...admin, project } } }
}
const launch = (image: string, subnet: string, name = 'web') => ({ image, flavor: 't3.micro', name, subnet })

test('a network of any range has the subnets that it is given, and a default group', async () => {
  const { at, call } = await two()
  const { network } = must(
    await createNetwork.call(call, { name: 'back', cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }),
  )
  must(await addSubnet.call(call, { network, cidr: '10.0.2.0/24' }))
  const found = must(await findNetwork.call(call, { network }))
  expect(found).toMatchObject({ name: 'back', cidr: '10.0.0.0/16', isDefault: false })
  expect(found.subnets.map(({ cidr }) => cidr).sort()).toEqual(['10.0.1.0/24', '10.0.2.0/24'])
  expect(must(await at.ports.store.securityGroups.ofNetwork(network, []))).toMatchObject([{ name: 'default' }])
  for (const cidr of ['10.0.2.128/25', '10.9.0.0/24']) expect((await addSubnet.call(call, { network, cidr })).ok).toBe(false)
})

test('a machine gets its address, and its security group, from the subnet that is chosen', async () => {
  const { at, call } = await two()
  const { network } = must(await createNetwork.call(call, { cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }))
  const [subnet] = must(await findNetwork.call(call, { network })).subnets
  if (!subnet) throw new Error('no subnet')
  must(await launchMachines.call(call, launch(at.rows.image, subnet.alias)))
  await at.settle()
  const ports = at.database.look('SELECT network, subnet, address FROM port') as { address: string }[]
  expect(ports).toMatchObject([{ network, subnet: subnet.id, address: expect.stringMatching(/^10\.0\.1\./) }])
})

test('what another project has is not seen; two have equal ranges on one and the same host', async () => {
  const { at, call, other } = await two(1)
  const asked = { cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }
  const mine = must(await createNetwork.call(call, asked))
  const theirs = must(await createNetwork.call(other, asked))
  expect(await findNetwork.call(call, { network: theirs.network })).toMatchObject({ fault: { code: 'not_found' } })
  const subnetOf = async (of: typeof call, network: string) => must(await findNetwork.call(of, { network })).subnets[0]?.id ?? ''
  const [my, their] = [await subnetOf(call, mine.network), await subnetOf(other, theirs.network)]
  expect(await launchMachines.call(call, launch(at.rows.image, their))).toMatchObject({ fault: { code: 'not_found' } })
  must(await launchMachines.call(call, launch(at.rows.image, my)))
  must(await launchMachines.call(other, launch(at.rows.image, their)))
  await at.settle()
  const ports = at.database.look('SELECT p.network, p.address FROM port p JOIN machine m ON m.id = p.machine') as {
    network: string
    address: string
  }[]
  expect(new Set(ports.map(({ network }) => network)).size).toBe(2)
  expect(new Set(ports.map(({ address }) => address)).size).toBeLessThanOrEqual(2)
  const [host] = at.database.look('SELECT id FROM host') as { id: string }[]
  const objects = must(await at.ports.store.hosts.desired(host?.id as never)).objects
  expect(objects.filter(({ kind }) => kind === 'network')).toMatchObject([
    { apart: true, cidr: '10.0.1.0/24' },
    { apart: true, cidr: '10.0.1.0/24' },
  ])
})

test('a network or subnet with machines in it stays; without, it goes with its groups, and its number rests', async () => {
  const { at, call } = await two()
  const { network } = must(await createNetwork.call(call, { cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }))
  const [subnet] = must(await findNetwork.call(call, { network })).subnets
  if (!subnet) throw new Error('no subnet')
  const { machines } = must(await launchMachines.call(call, launch(at.rows.image, subnet.id)))
  await at.settle()
  expect(await removeSubnet.call(call, { subnet: subnet.id })).toMatchObject({ fault: { code: 'precondition' } })
  expect(await deleteNetwork.call(call, { network })).toMatchObject({ fault: { code: 'precondition' } })
  must(await deleteMachines.call(call, { machines: [...machines] }))
  await at.settle()
  expect(await deleteNetwork.call(call, { network, empty: true })).toMatchObject({ fault: { code: 'precondition' } })
  must(await deleteNetwork.call(call, { network }))
  expect(await findNetwork.call(call, { network })).toMatchObject({ fault: { code: 'not_found' } })
  expect(at.database.look('SELECT 1 FROM security_group WHERE network = ?', network)).toEqual([])
  expect(at.database.look('SELECT vni FROM resting_vni')).toHaveLength(1)
})

test('the default network stays as it is', async () => {
  const { at, call } = await two()
  const { items } = must(await at.ports.store.networks.list({ project: call.principal.project }, { after: null, limit: 10 }))
  const [network] = items
  if (!network?.subnets[0]) throw new Error('no default network')
  expect(await deleteNetwork.call(call, { network: network.id })).toMatchObject({ fault: { code: 'precondition' } })
  expect(await removeSubnet.call(call, { subnet: network.subnets[0].id })).toMatchObject({ fault: { code: 'precondition' } })
  expect(await addSubnet.call(call, { network: network.id, cidr: '10.0.1.0/24' })).toMatchObject({
    fault: { code: 'precondition' },
  })
})

test('a project has no more networks than its quota lets it', async () => {
  const { call } = await two()
  must(await setQuota.call(call, { project: call.principal.project, limits: { networks: 2 } }))
  must(await createNetwork.call(call, { cidr: '10.0.0.0/16' }))
  expect(await createNetwork.call(call, { cidr: '10.0.0.0/16' })).toMatchObject({
    fault: { code: 'quota', key: 'quota.networks' },
  })
})

describe('what goes while something else is decided', () => {
  /** Ports whose store does something else first, once, when it is asked who is beside, or for zones. */
  const meanwhile = (ports: Ports, asked: 'beside' | 'ground', first: () => Promise<unknown>): Ports => {
    let done = false
    const before = async () => {
      if (done) return
      done = true
      await first()
    }
    const { store } = ports
    const networks: Store['networks'] = {
      ...store.networks,
      beside: async of => {
        if (asked === 'beside') await before()
        return store.networks.beside(of)
      },
    }
    const tenancy: Store['tenancy'] = {
      ...store.tenancy,
      ground: async () => {
        if (asked === 'ground') await before()
        return store.tenancy.ground()
      },
    }
    return { ...ports, store: { ...store, networks, tenancy } }
  }
  const made = async (call: Awaited<ReturnType<typeof two>>['call']) => {
    const { network } = must(await createNetwork.call(call, { cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }))
    const [subnet] = must(await findNetwork.call(call, { network })).subnets
    if (!subnet) throw new Error('no subnet')
    return { network, subnet: subnet.id }
  }

  test('no machine is launched into a subnet that is deleted meanwhile', async () => {
    const { at, call } = await two()
    const { subnet } = await made(call)
    const ports = meanwhile(at.ports, 'beside', async () => must(await removeSubnet.call(call, { subnet })))
    expect(await launchMachines.call({ ...call, ports }, launch(at.rows.image, subnet))).toMatchObject({
      fault: { code: 'not_found' },
    })
    expect(at.database.look('SELECT 1 FROM port')).toEqual([])
  })

  test('no subnet is given to a network that is deleted meanwhile', async () => {
    const { at, call } = await two()
    const { network } = await made(call)
    const ports = meanwhile(at.ports, 'ground', async () => must(await deleteNetwork.call(call, { network })))
    expect(await addSubnet.call({ ...call, ports }, { network, cidr: '10.0.2.0/24' })).toMatchObject({
      fault: { code: 'not_found' },
    })
    expect(at.database.look('SELECT 1 FROM subnet WHERE network = ?', network)).toEqual([])
  })

  test('of two subnets that overlap and are asked for at once, one is made', async () => {
    const { at, call } = await two()
    const { network } = await made(call)
    const ports = meanwhile(at.ports, 'ground', async () => must(await addSubnet.call(call, { network, cidr: '10.0.2.0/24' })))
    expect(await addSubnet.call({ ...call, ports }, { network, cidr: '10.0.2.128/25' })).toMatchObject({
      fault: { code: 'conflict' },
    })
    expect(must(await findNetwork.call(call, { network })).subnets).toHaveLength(2)
  })
})
