import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { protocol } from '@sirocco/shared/wire/version.ts'
import { expect, test } from 'vitest'
import { must, secondAgent } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import type { Principal } from '../../domain/access/principal.ts'
import { stateOfMachine } from '../../domain/machines/machine.ts'
import { stateOfVolume } from '../../domain/volumes/volume.ts'
import { enrol } from '../agents/enrol.ts'
import { observe } from '../agents/observe.ts'
import { AgentSession } from '../agents/session.ts'
import { deleteMachines } from '../machines/delete.ts'
import { forgetMachine } from '../machines/forget.ts'
import { launchMachines } from '../machines/launch.ts'
import { createPool } from '../pools/create.ts'
import { attachVolume } from '../volumes/attach.ts'
import { createVolume } from '../volumes/create.ts'
import { makeEnrolToken } from './enrol-token.ts'
import { listEnrolTokens } from './enrol-tokens.ts'
import { fenceHost } from './fence.ts'
import { removeHost } from './remove.ts'
import { revokeEnrolToken } from './revoke-token.ts'
import { setHostPower } from './set-power.ts'

/** A machine on the only host of one agent; another agent has a host with room. */
async function carried(recover: 'no' | 'disk' | 'fresh' = 'fresh', shared: 'nfs' | 'rbd' | null = null) {
  const at = await world({ hosts: 1 })
  const principal: Principal = { ...at.principal, role: 'admin' }
  const call = { ports: at.ports, principal }
  const { store } = at.ports
  const [host] = at.rows.hosts
  if (!host) throw new Error('no host')
  const lies = {
    nfs: { path: '/mnt/shared' },
    rbd: { path: 'vms', ceph: { monitors: ['10.0.0.1'], user: 'sirocco', key: `${'AQ'.repeat(19)}==` } },
  }
  const pool = shared ? must(await createPool.call(call, { name: 'shared', type: shared, ...lies[shared] })).pool : null
  const has = async (on: Id<'host'>, epoch = 1) =>
    observe(at.ports, on, {
      ...{ epoch, seq: 1_000, base: null, gone: [] },
      changed: pool === null ? [] : [{ kind: 'pool', id: pool, totalMiB: 1_048_576 }],
    })
  must(await has(host))
  const launched = must(
    await launchMachines.call(call, {
      ...{ image: at.rows.image, flavor: 't3.micro', name: 'web', recover },
      ...(pool === null ? {} : { pool, volumes: [{ sizeMiB: 8 }] }),
    }),
  )
  const [machine] = launched.machines
  if (!machine) throw new Error('no machine')
  await at.settle()
  const others = secondAgent(at.rows)
  must(await store.commit(others))
  const other = others.find(change => change.do === 'host.insert')
  if (other?.do !== 'host.insert') throw new Error('no other host')
  const look = async () => {
    const [found] = must(await store.machines.find('platform', [machine]))
    if (!found) throw new Error('gone')
    return found
  }
  const silence = async (epoch = 1) => must(await store.commit([{ do: 'agent.silent', agent: at.rows.agent, epoch, since: 1 }]))
  const operationsOf = async (kind: string) =>
    at.database.look('SELECT state, fault, waiting FROM operation WHERE kind = ?', kind) as { state: string; fault: string }[]
  /** Its agent links again; what it is told is wanted of machines there. */
  const comes = async (bootId = 'b') => {
    const told: string[] = []
    const session = new AgentSession(
      { ports: at.ports, send: text => told.push(text), close() {}, keep() {} },
      { agent: at.rows.agent, epoch: 0, hosts: [] },
    )
    const hello = {
      type: 'hello',
      protocol,
      agentVersion: '1',
      bootId,
      runId: 'r',
      hosts: [{ id: host, name: 'h1', desired: null }],
    }
    await session.message(JSON.stringify(hello))
    return told.map(text => JSON.parse(text)).find(frame => frame.type === 'desired')?.changed
  }
  must(await has(other.host))
  return { at, call, store, host, other: other.host, machine, look, silence, operationsOf, comes }
}

test('a token enrols one agent, once, and is listed with who asked for it', async () => {
  const { at, call } = await carried()
  const made = must(await makeEnrolToken.call(call, { minutes: 5, roles: ['convert', 'host'] }))
  const request = {
    token: made.token.reveal(),
    publicKey: 'A'.repeat(43).concat('='),
    fingerprint: 'f',
    hosts: [{ name: 'new' }],
    agentVersion: '1',
  }
  const enrolled = must(await enrol(at.ports, request))
  expect((await enrol(at.ports, request)).ok).toBe(false)
  const [row] = must(await listEnrolTokens.call(call, {})).items
  expect(row).toMatchObject({ id: made.id, usedBy: enrolled.agent, zone: 'test-1a', roles: ['host', 'convert'] })
  expect(at.database.look('SELECT roles FROM agent WHERE id = ?', enrolled.agent)).toEqual([{ roles: '["host","convert"]' }])
  expect(JSON.stringify(at.database.look('SELECT * FROM enrolment'))).not.toContain(made.token.reveal())
})

test('a token that was revoked, or has expired, enrols nobody', async () => {
  const { at, call } = await carried()
  const request = (token: string) => ({ token, publicKey: 'k', fingerprint: 'f', hosts: [{ name: 'new' }], agentVersion: '1' })
  const revoked = must(await makeEnrolToken.call(call, {}))
  expect(revoked.roles).toEqual(['host'])
  must(await revokeEnrolToken.call(call, { token: revoked.id }))
  expect((await enrol(at.ports, request(revoked.token.reveal()))).ok).toBe(false)
  expect(await revokeEnrolToken.call(call, { token: revoked.id })).toMatchObject({ fault: { code: 'conflict' } })
  const late = must(await makeEnrolToken.call(call, { minutes: 1 }))
  at.rows.clock.at += 61_000
  expect((await enrol(at.ports, request(late.token.reveal()))).ok).toBe(false)
})

test('only a silent host is fenced, and by a word only where its name was typed', async () => {
  const { call, host, silence } = await carried()
  const word = { host, how: 'word', confirm: 'h1' } as const
  expect(await fenceHost.call(call, word)).toMatchObject({ fault: { code: 'precondition' } })
  await silence()
  expect(await fenceHost.call(call, { host, how: 'word', confirm: 'H2' })).toMatchObject({ fault: { field: 'confirm' } })
  expect(await fenceHost.call(call, { host, how: 'word' })).toMatchObject({ fault: { field: 'confirm' } })
  expect(await fenceHost.call(call, { host, how: 'ipmi' })).toMatchObject({ fault: { code: 'precondition', field: 'how' } })
  expect((await fenceHost.call(call, word)).ok).toBe(true)
})

test('a machine that asks for it runs elsewhere once its host is fenced, and never before', async () => {
  const { at, call, host, other, silence, look, operationsOf } = await carried()
  await silence()
  await at.settle()
  at.rows.clock.at += limits.launch
  expect((await look()).host).toBe(host)
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  await at.settle()
  expect(await look()).toMatchObject({ host: other, fenced: false })
  expect(stateOfMachine(await look())).toBe('running')
  const volumes = must(await at.ports.store.volumes.find('platform', [(await look()).volumes[0]?.id ?? '']))
  expect(volumes).toMatchObject([{ host: other, observed: { here: true } }])
  expect(await operationsOf('machine.recover')).toMatchObject([{ state: 'done' }])
  expect(await operationsOf('host.fence')).toMatchObject([{ state: 'done' }])
})

test.each(['nfs', 'rbd'] as const)(
  'what lies in a shared pool (%s) goes with its machine, as it is, once its host is fenced; that lets go of it first when it returns',
  async type => {
    const { at, call, store, host, other, silence, look, comes } = await carried('disk', type)
    await silence()
    await at.settle()
    at.rows.clock.at += limits.launch
    expect((await look()).host).toBe(host)
    must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
    await at.settle()
    const machine = await look()
    expect(machine).toMatchObject({ host: other, fenced: false })
    expect(stateOfMachine(machine)).toBe('running')
    const ids = machine.volumes.map(({ id }) => id)
    expect(ids).toHaveLength(2)
    const volumes = must(await store.volumes.find('platform', ids))
    expect(volumes.map(volume => [volume.host, stateOfVolume(volume)])).toEqual([
      [other, 'in-use'],
      [other, 'in-use'],
    ])
    const { objects } = must(await store.hosts.desired(other))
    expect(objects.flatMap(object => (object.kind === 'volume' ? [object.source] : []))).toEqual([
      { from: 'found' },
      { from: 'found' },
    ])
    const told = (await comes('another boot')).filter(({ kind }: { kind: string }) => kind === 'volume')
    expect(told.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort())
    for (const volume of told) expect(volume).toMatchObject({ gone: true, elsewhere: true })
  },
)

test('a host that returns is told first what must go from it, and forgets it once that is gone', async () => {
  const { at, call, host, machine, silence, comes, look } = await carried()
  await silence()
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  await at.settle()
  const [root] = (await look()).volumes
  if (!root) throw new Error('no volume')
  const wanted = await comes('another boot')
  expect(wanted).toMatchObject([
    { kind: 'machine', id: machine, power: 'gone' },
    { kind: 'volume', id: root.id, gone: true },
  ])
  expect(must(await at.ports.store.hosts.find([host]))[0]).toMatchObject({ fenced: null, silentSince: null })

  const epoch = must(await at.ports.store.agents.find(at.rows.agent)).epoch
  const seen = { kind: 'machine', id: machine, addresses: [], seq: 1 } as const
  const say = (applied: number, power: 'running' | 'absent', seq: number) =>
    observe(at.ports, host, {
      epoch,
      seq,
      base: null,
      gone: [],
      changed: [{ kind: seen.kind, id: machine, addresses: [], applied, power }],
    })
  must(await say(1, 'running', 1))
  expect(at.database.look('SELECT * FROM orphan')).toEqual([])
  expect(at.database.look('SELECT * FROM tombstone')).toHaveLength(2)
  must(await say(wanted[0].generation, 'absent', 2))
  expect(at.database.look('SELECT subject FROM tombstone')).toEqual([{ subject: root.id }])
  const volume = { kind: 'volume', id: root.id, here: true, sizeMiB: 1, machine: null } as const
  const lies = (here: boolean, seq: number) =>
    observe(at.ports, host, {
      epoch,
      seq,
      base: null,
      gone: [],
      changed: [{ ...volume, applied: wanted[1].generation, here }],
    })
  must(await lies(true, 3))
  expect(at.database.look('SELECT subject FROM tombstone')).toEqual([{ subject: root.id }])
  must(await lies(false, 4))
  expect(at.database.look('SELECT * FROM tombstone')).toEqual([])
})

test('a host that comes back before its machines were restarted keeps them', async () => {
  const { at, call, host, silence, comes, look, operationsOf } = await carried()
  at.database.look('SELECT 1')
  await silence()
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  const wanted = await comes()
  expect(wanted).toMatchObject([
    { kind: 'network' },
    { kind: 'group' },
    { kind: 'volume', gone: false },
    { kind: 'machine', power: 'on' },
  ])
  await at.settle()
  expect((await look()).host).toBe(host)
  expect(await operationsOf('host.fence')).toMatchObject([{ state: 'failed' }])
})

test('a machine whose disk is on the fenced host only stays there, and says why', async () => {
  const { at, call, host, silence, look, operationsOf } = await carried('disk')
  await silence()
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  await at.settle()
  expect((await look()).host).toBe(host)
  const [operation] = await operationsOf('machine.recover')
  expect(operation?.state).toBe('failed')
  expect(operation?.fault).toContain('the disk of web is on its host only')
})

test('a machine with a further volume stays on its fenced host, and says why', async () => {
  const { at, call, host, machine, silence, look, operationsOf } = await carried()
  const { volume } = must(await createVolume.call(call, { sizeMiB: 100 }))
  must(await attachVolume.call(call, { volume, machine }))
  await at.settle()
  await silence()
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  await at.settle()
  expect((await look()).host).toBe(host)
  const [operation] = await operationsOf('machine.recover')
  expect(operation?.state).toBe('failed')
  expect(operation?.fault).toContain('volumes of web are on its host only')
})

test('what waits to be deleted on a fenced host is freed', async () => {
  const { at, call, host, machine, silence, look } = await carried('no')
  await silence()
  must(await deleteMachines.call(call, { machines: [machine] }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('deleting')
  must(await fenceHost.call(call, { host, how: 'word', confirm: 'h1' }))
  await at.settle()
  expect(stateOfMachine(await look())).toBe('gone')
  expect(at.database.look('SELECT * FROM port')).toEqual([])
  expect(at.database.look('SELECT * FROM allocation WHERE until IS NULL')).toEqual([])
  expect(at.database.look('SELECT subject FROM tombstone ORDER BY subject')).toMatchObject([{ subject: machine }, {}])
})

test('a host is removed once its machines are forgotten by a word; then its agent is nobody', async () => {
  const { at, call, host, machine, silence, look } = await carried('no')
  expect(await forgetMachine.call(call, { machine, confirm: 'web' })).toMatchObject({ fault: { code: 'precondition' } })
  await silence()
  expect(await removeHost.call(call, { host })).toMatchObject({ fault: { code: 'precondition' } })
  expect(await forgetMachine.call(call, { machine, confirm: 'wob' })).toMatchObject({ fault: { field: 'confirm' } })
  must(await forgetMachine.call(call, { machine, confirm: 'web' }))
  expect(stateOfMachine(await look())).toBe('gone')
  expect(at.database.look('SELECT * FROM port')).toEqual([])
  must(await removeHost.call(call, { host }))
  expect(await at.ports.store.agents.find(at.rows.agent)).toMatchObject({ fault: { code: 'not_found' } })
  expect(must(await at.ports.store.hosts.list({ after: null, limit: 10 })).items.map(h => h.name)).toEqual(['other'])
})

test('a management controller is asked by a neighbour, and its password is kept sealed only', async () => {
  const { at, call, host, other, silence, look } = await carried()
  const sent: { host: string; body: Record<string, unknown>; id: string }[] = []
  Object.assign(at.ports.links, {
    send: async (command: (typeof sent)[number]) => {
      sent.push(command)
      return { ok: true, value: undefined }
    },
  })
  const power = { way: 'ipmi', address: '10.9.9.9', port: 623, username: 'root', password: 'calvin' } as const
  must(await setHostPower.call(call, { host, power }))
  await silence()
  must(await fenceHost.call(call, { host, how: 'ipmi' }))
  await at.settle()
  expect(sent).toMatchObject([{ host: other, body: { do: 'power-off', target: host, address: '10.9.9.9', password: 'calvin' } }])
  expect(JSON.stringify(at.database.look('SELECT body FROM command'))).not.toContain('calvin')
  expect((await look()).host).toBe(host)

  must(await at.ports.store.commit([{ do: 'command.result', id: sent[0]?.id ?? '', outcome: { ok: true, value: 'off' } }]))
  at.rows.clock.at += limits.parkSweep
  at.ports.pokes.operations(Array.from({ length: limits.operationObjects }, (_, i) => i))
  await at.settle()
  expect((await look()).host).toBe(other)
})
