import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { AgentWorld, machine, network } from '../../test/support/agent-world.ts'

const up = async (options = {}) => {
  const world = new AgentWorld(options)
  await world.start()
  await world.connect()
  return world
}

test('a machine that is wanted on comes to run, its image fetched once, and says so', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'), machine('vm_b', { ports: [] }))
  await world.pass(5_000)
  for (const id of ['vm_a', 'vm_b']) expect(world.seenMachine(id)).toMatchObject({ power: 'running', applied: 1 })
  expect(world.seenMachine('vm_a')?.addresses).toEqual(['10.64.0.10'])
  expect(world.fetches).toBe(1)
  expect(world.starts('vm_a')).toBe(1)
})

test('says how far the image is, at most once a second', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(1_200)
  expect(world.seenMachine('vm_a')?.progress).toMatch(/^fetching image \d+ %$/)
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')?.progress).toBeUndefined()
})

test('a machine that is wanted gone leaves nothing behind, and that is said', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'gone' }))
  await world.pass(100)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'absent', applied: 2 })
  expect(world.remains('vm_a')).toBe(false)
  await world.drop('machine', 'vm_a')
  await world.pass(100)
  expect(world.seenMachine('vm_a')).toBeUndefined()
})

test('a network goes with its tombstone, but not before the last machine on it', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  await world.want(network({ generation: 2, gone: true }))
  await world.pass(100)
  expect(Object.keys(world.host.store('one').networks)).toEqual(['net_1'])
  await world.want(machine('vm_a', { generation: 2, power: 'gone' }))
  await world.pass(100)
  expect(Object.keys(world.host.store('one').networks)).toEqual([])
})

test('stopping asks the guest; one that does not listen is cut when its grace is over', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'), machine('vm_b', { ports: [], name: 'fail-stop' }))
  await world.pass(5_000)
  await world.want(
    machine('vm_a', { generation: 2, power: 'off' }),
    machine('vm_b', { generation: 2, power: 'off', name: 'fail-stop' }),
  )
  await world.pass(1_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', cause: 'asked', applied: 2 })
  expect(world.seenMachine('vm_b')).toMatchObject({ power: 'running', applied: 1 })
  await world.pass(limits.stopGrace)
  expect(world.seenMachine('vm_b')).toMatchObject({ power: 'stopped', cause: 'asked', applied: 2 })
})

test('a newer intent ends the wait for a guest: cut at once', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a', { name: 'fail-stop' }))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'off', name: 'fail-stop' }))
  await world.pass(1_000)
  await world.want(machine('vm_a', { generation: 3, power: 'cut', name: 'fail-stop' }))
  await world.pass(100)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', applied: 3 })
})

test('a start that overtakes a stop ends with the machine running, though the guest still went down', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'off' }))
  await world.pass(100)
  await world.want(machine('vm_a', { generation: 3, power: 'on' }))
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running', applied: 3 })
})

test('a delete overtakes a fetch that is under way', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(100)
  await world.want(machine('vm_a', { generation: 2, power: 'gone' }))
  await world.pass(100)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'absent', applied: 2 })
  await world.pass(5_000)
  expect(world.remains('vm_a')).toBe(false)
})

test('a guest that shuts itself down stays down, also over a restart of agent and hypervisor', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  world.host.guestShutsDown('one', 'vm_a')
  await world.pass(1_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', cause: 'guest', applied: 1 })
  world.kill()
  world.host.hypervisorDies()
  world.host.hypervisorReturns()
  await world.start()
  await world.connect()
  await world.pass(limits.stopGrace)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', cause: 'guest', applied: 1 })
  await world.want(machine('vm_a', { generation: 2 }))
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running', applied: 2 })
})

test('a machine that went off while nobody looked is started again and counts as no crash', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  for (let i = 0; i < limits.crashes + 3; i++) {
    world.host.hypervisorDies()
    world.host.guestCrashes('one', 'vm_a')
    world.host.hypervisorReturns()
    await world.pass(2_000)
    expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running', applied: 1 })
  }
})

test('a crash is undone three times within ten minutes, then it is a fault; a newer intent tries again', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  for (let crash = 1; crash <= limits.crashes; crash++) {
    world.host.guestCrashes('one', 'vm_a')
    await world.pass(2_000)
    expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running' })
  }
  world.host.guestCrashes('one', 'vm_a')
  await world.pass(2_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', cause: 'crash', applied: 1, fault: { code: 'internal' } })
  expect(world.starts('vm_a')).toBe(1 + limits.crashes)
  await world.want(machine('vm_a', { generation: 2 }))
  await world.pass(2_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running', applied: 2 })
  expect(world.seenMachine('vm_a')?.fault).toBeUndefined()
})

test('crashes further apart than the window are undone for ever', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  for (let crash = 0; crash < 6; crash++) {
    world.host.guestCrashes('one', 'vm_a')
    await world.pass(limits.crashWindow / 2)
    expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running' })
  }
})

test('a machine that never ran and cannot be made leaves nothing but its fault', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a', { name: 'fail-define' }))
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'absent', applied: 1, fault: { code: 'invalid' } })
  expect(world.remains('vm_a')).toBe(false)
})

test('a machine that ran before keeps its disk when it cannot be started', async () => {
  const world = await up({ memoryMiB: 200 })
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'cut' }))
  await world.pass(100)
  await world.want(machine('vm_b', { ports: [] }))
  await world.pass(100)
  await world.want(machine('vm_a', { generation: 3 }))
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', applied: 3, fault: { code: 'capacity' } })
  expect(world.host.store('one').volumes.vol_a).toBeDefined()
})

test('what is unavailable is tried again until it works', async () => {
  const world = await up()
  world.fetchFails = true
  await world.want(network(), machine('vm_a'))
  await world.pass(60_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'absent', applied: 0, progress: expect.stringContaining('waiting') })
  world.fetchFails = false
  await world.pass(limits.stepBackoffMax + 5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running', applied: 1 })
})

test('one network that cannot be made does not keep machines of the others from running', async () => {
  const world = await up({ taken: ['10.99.0.0/16'] })
  const bad = network({ id: 'net_bad', cidr: '10.99.1.0/24' })
  const lost = machine('vm_b', { ports: [{ id: 'prt_b', network: 'net_bad', mac: '52:54:00:00:00:02', address: '10.99.1.5' }] })
  await world.want(bad, network(), machine('vm_a'), lost)
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running' })
  expect(world.seenMachine('vm_b')).toMatchObject({ power: 'absent', applied: 1, fault: { code: 'conflict' } })
})

test('after a restart of the agent alone it goes on with what its disk says, without a control plane', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(100)
  world.kill()
  await world.start()
  await world.pass(5_000)
  expect(world.power('vm_a')).toBe('running')
})

test('after a reboot of the host nothing starts before a fresh word of what is wanted', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'), machine('vm_b', { ports: [] }))
  await world.pass(5_000)
  world.kill()
  world.host.restart('boot-2')
  await world.start()
  await world.pass(120_000)
  expect([world.power('vm_a'), world.power('vm_b')]).toEqual(['stopped', 'stopped'])
  await world.disconnect()
  await world.connect({ tell: false })
  await world.pass(60_000)
  expect(world.power('vm_a')).toBe('stopped')
  await world.want(machine('vm_b', { generation: 2, power: 'gone', ports: [] }))
  await world.pass(5_000)
  expect([world.power('vm_a'), world.power('vm_b')]).toEqual(['running', 'absent'])
})

test('a host that reboots under a living agent asks for a fresh word by itself', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  world.sent = []
  world.host.restart('boot-2')
  await world.pass(5_000)
  expect(world.sent.filter(frame => frame.type === 'resync')).toHaveLength(1)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running' })
})

test('a machine found here that nobody asked for is reported, never touched, and keeps its network', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  await world.drop('machine', 'vm_a')
  await world.drop('network', 'net_1')
  await world.pass(120_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ applied: -1, power: 'running' })
  expect(Object.keys(world.host.store('one').networks)).toEqual(['net_1'])
})

test('what a machine that nobody asks for is made of is said, as it was wanted last', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a', { generation: 3 }))
  await world.pass(5_000)
  const [port] = machine('vm_a').ports
  await world.drop('machine', 'vm_a')
  await world.drop('volume', 'vol_a')
  await world.pass(1_000)
  expect(world.seenMachine('vm_a')?.found).toEqual({
    generation: 3,
    name: machine('vm_a').name,
    vcpus: machine('vm_a').vcpus,
    memoryMiB: machine('vm_a').memoryMiB,
    firmware: 'bios',
    image: machine('vm_a').image.id,
    ports: [port],
    volumes: [expect.objectContaining({ id: 'vol_a', device: 'vda' })],
  })
})

test('a machine that was adopted is counted as it is, and nothing is done to it before it is asked for', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a', { generation: 3 }))
  await world.pass(5_000)
  await world.drop('machine', 'vm_a')
  await world.pass(1_000)
  await world.want(machine('vm_a', { generation: 4, power: 'as-is' }))
  await world.pass(1_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ applied: 4, power: 'running' })
  expect(world.seenMachine('vm_a')?.found).toBeUndefined()
  world.host.guestCrashes('one', 'vm_a')
  await world.pass(60_000)
  expect([world.power('vm_a'), world.starts('vm_a')]).toEqual(['stopped', 1])
  await world.want(machine('vm_a', { generation: 5 }))
  await world.pass(5_000)
  expect([world.power('vm_a'), world.starts('vm_a')]).toEqual(['running', 2])
})

test('an older intent than one already followed is ignored', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a', { generation: 5 }))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 4, power: 'gone' }))
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running', applied: 5 })
})

test('a lost journal takes no machine that is here for new: its disk outlives a start that fails', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'cut' }))
  await world.pass(100)
  world.kill()
  world.disk.files.clear()
  await world.start()
  await world.want(machine('vm_a', { generation: 3, name: 'fail-define' }))
  await world.connect()
  await world.pass(5_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ applied: 3, fault: { code: 'invalid' } })
  expect(world.host.store('one').volumes.vol_a).toBeDefined()
})

test('while the hypervisor does not answer the host says so, and afterwards goes on', async () => {
  const world = await up()
  await world.want(network())
  world.host.hypervisorDies()
  await world.want(machine('vm_a'))
  await world.pass(20_000)
  const warned = () => world.seen?.values().some(o => o.kind === 'host' && o.warnings.some(w => w.includes('does not answer')))
  expect(warned()).toBe(true)
  world.host.hypervisorReturns()
  await world.pass(40_000)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'running' })
  expect(warned()).toBe(false)
})

test('a clock set back does not make a stop wait for ever', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a', { name: 'fail-stop' }))
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'off', name: 'fail-stop' }))
  await world.pass(1_000)
  world.time.jump(-3_600_000)
  await world.pass(2 * limits.stopGrace)
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', applied: 2 })
})

test('machines that wait for an image keep no other from being stopped', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  const slow = { id: 'img_2', files: [{ role: 'disk' as const, format: 'raw' as const, sha256: 'ab'.repeat(32), bytes: 13 }] }
  const waiting = Array.from({ length: 8 }, (_, i) => machine(`vm_w${i}`, { ports: [], image: slow }))
  await world.want(...waiting, machine('vm_a', { generation: 2, power: 'cut' }))
  await world.pass(100)
  expect(world.seenMachine('vm_w7')?.progress).toContain('fetching')
  expect(world.seenMachine('vm_a')).toMatchObject({ power: 'stopped', applied: 2 })
})

test('told to end, it removes networks that no machine here needs; one with a machine stays, be that off', async () => {
  const world = await up()
  const other = network({ id: 'net_2', cidr: '10.64.2.0/24' })
  const kept = machine('vm_b', { ports: [{ id: 'prt_b', network: 'net_2', mac: '52:54:00:00:00:02', address: '10.64.2.5' }] })
  await world.want(network(), other, machine('vm_a'), kept)
  await world.pass(5_000)
  await world.want(machine('vm_a', { generation: 2, power: 'gone' }), { ...kept, generation: 2, power: 'cut' })
  await world.pass(5_000)
  expect(Object.keys(world.host.store('one').networks)).toEqual(['net_1', 'net_2'])
  await world.agent?.stop()
  expect(Object.keys(world.host.store('one').networks)).toEqual(['net_2'])
})

test('told to end in the middle of a removal, it finishes that, and leaves alone what runs', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'), machine('vm_b', { ports: [] }))
  await world.pass(5_000)
  let reached = false
  world.kill()
  await world.start(async point => {
    reached ||= point === 'port.compute.cut.before'
  })
  await world.connect()
  void world.want(machine('vm_a', { generation: 2, power: 'gone' }))
  while (!reached) await Promise.resolve()
  await world.agent?.stop()
  expect(world.remains('vm_a')).toBe(false)
  expect(world.host.store('one').networks).toEqual({})
  expect(world.power('vm_b')).toBe('running')
})

test('told to end while a removal hangs, it ends all the same', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  world.kill()
  await world.start(point => (point === 'port.compute.cut.before' ? new Promise(() => {}) : Promise.resolve()))
  await world.connect()
  await world.want(machine('vm_a', { generation: 2, power: 'gone' }))
  let ended = false
  void world.agent?.stop().then(() => {
    ended = true
  })
  await world.pass(limits.agentFarewell - 1)
  expect(ended).toBe(false)
  await world.pass(1)
  expect(ended).toBe(true)
  expect(world.power('vm_a')).toBe('running')
})

test('told to end on a host that was rebooted, before a fresh word, it leaves networks as they are', async () => {
  const world = await up()
  await world.want(network(), machine('vm_a'))
  await world.pass(5_000)
  world.kill()
  world.host.restart('boot-2')
  const networks = { ...world.host.store('one').networks }
  await world.start()
  await world.pass(1_000)
  await world.agent?.stop()
  expect(world.host.store('one').networks).toEqual(networks)
})
