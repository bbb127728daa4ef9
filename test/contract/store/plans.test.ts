import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { quotaResources } from '@sirocco/shared/model/quota.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type MemoryDatabase, memoryDatabase } from '../../simulation/world/client.ts'
import { type Furnished, furnish, launched, must } from './furnish.ts'

/** Tables that stay small by what they are: a scan of one is no scan of what grows with tenants. */
const small = new Set([
  'meta',
  'flavor',
  'region',
  'zone',
  'provider',
  'cloud_account',
  'project',
  'guard',
  'address_pool',
  'enrolment',
  'storage_pool',
])

const apart = { id: 'pgr_x', policy: 'anti-affinity', strict: true } as const
const demand = { zone: 'test-1a', architecture: 'x86_64', vcpus: 1, memoryMiB: 1, diskMiB: 1, hostTags: {}, group: null }

const inPool = { pool: 'spl_x', shared: true, miB: 1 } as const

/** Reads of a list, a reconciler or a link: each must go by an index, in its order, whatever the tables hold. */
const reads: Record<string, (at: Furnished, machine: string) => Promise<unknown>> = {
  'machines.list': at => at.store.machines.list(at.scope, { after: 'vm_0', limit: 10 }),
  'machines.list, filtered': at =>
    at.store.machines.list(
      at.scope,
      { after: 'vm_0', limit: 10 },
      { name: 'm', states: ['stopped', 'creating'], tags: [{ key: 'k' }, { key: 'k', value: 'v' }] },
    ),
  'machines.list, first page': at => at.store.machines.list(at.scope, { after: null, limit: 10 }),
  'machines.list of the platform': at => at.store.machines.list('platform', { after: 'vm_0', limit: 10 }),
  'machines.find': (at, machine) => at.store.machines.find(at.scope, [machine, 'i-00000000000000000']),
  'machines.onHost': (at, machine) => at.store.machines.onHost(at.hosts[0] ?? 'hst_', [machine]),
  'machines.ofHost': at => at.store.machines.ofHost(at.hosts[0] ?? 'hst_', { after: 'vm_0', limit: 10 }),
  'machines.left': (at, machine) => at.store.machines.left(machine as 'vm_'),
  'machines.deleted': (at, machine) => at.store.machines.deleted([machine]),
  'machines.forgettable': at => at.store.machines.forgettable(1, 10),
  'volumes.find': at => at.store.volumes.find(at.scope, ['vol_x', 'vol-00000000000000000']),
  'volumes.list': at => at.store.volumes.list(at.scope, { after: 'vol_0', limit: 10 }),
  'volumes.list of the platform': at => at.store.volumes.list('platform', { after: null, limit: 10 }),
  'volumes.onHost': at => at.store.volumes.onHost(at.hosts[0] ?? 'hst_', ['vol_x']),
  'snapshots.find': at => at.store.snapshots.find(at.scope, ['snp_x']),
  'snapshots.list': at => at.store.snapshots.list(at.scope, { after: 'snp_0', limit: 10 }),
  'backups.find': at => at.store.backups.find(at.scope, ['bak_x']),
  'backups.list': at => at.store.backups.list(at.scope, null, { after: 'bak_0', limit: 10 }),
  'backups.list of a volume': at => at.store.backups.list(at.scope, 'vol_x', { after: 'bak_0', limit: 10 }),
  'backups.onHost': at => at.store.backups.onHost(at.hosts[0] ?? 'hst_', ['bak_x']),
  'backups.ofVolume': at => at.store.backups.ofVolume('vol_x'),
  'backups.isReadBy': at => at.store.backups.isReadBy('bak_x', at.hosts),
  'backups.unswept': at => at.store.backups.unswept(1, 10),
  'snapshots.onHost': at => at.store.snapshots.onHost(at.hosts[0] ?? 'hst_', ['snp_x']),
  'pools.list': at => at.store.pools.list(),
  'pools.use': at => at.store.pools.use('spl_x'),
  'pools.onHosts': at => at.store.pools.onHosts('spl_x'),
  'pools.seenBy': at => at.store.pools.seenBy(at.hosts[0] ?? 'hst_'),
  'hosts.list': at => at.store.hosts.list({ after: 'hst_0', limit: 10 }),
  'hosts.ofZone': at => at.store.hosts.ofZone({ zone: 'test-1a', group: null }, { after: 'hst_0', limit: 10 }),
  'hosts.ofZone, for a group': at => at.store.hosts.ofZone({ zone: 'test-1a', group: apart }, { after: 'hst_0', limit: 10 }),
  'hosts.roomiest': at => at.store.hosts.roomiest(demand, 10),
  'hosts.ofZone, with pools': at =>
    at.store.hosts.ofZone({ zone: 'test-1a', group: null, lying: [inPool] }, { after: 'hst_0', limit: 10 }),
  'hosts.roomiest, with pools': at => at.store.hosts.roomiest({ ...demand, lying: [inPool] }, 10),
  'hosts.roomiest, apart': at => at.store.hosts.roomiest({ ...demand, group: apart }, 10),
  'hosts.roomiest, together': at => at.store.hosts.roomiest({ ...demand, group: { ...apart, policy: 'affinity' } }, 10),
  'placementGroups.find': at => at.store.placementGroups.find(at.scope, 'mine'),
  'placementGroups.list': at => at.store.placementGroups.list(at.scope, { after: 'pgr_0', limit: 10 }),
  'securityGroups.find': at => at.store.securityGroups.find(at.scope, ['sg_', 'sg-0']),
  'securityGroups.list': at => at.store.securityGroups.list(at.scope, { after: 'sg_0', limit: 10 }),
  'securityGroups.ofNetwork': at => at.store.securityGroups.ofNetwork('net_', ['sg_', 'web']),
  'securityGroups.ofNetwork, default': at => at.store.securityGroups.ofNetwork('net_', []),
  'securityGroups.hosts, rules': at => at.store.securityGroups.hosts('rules', ['sg_']),
  'securityGroups.hosts, members': at => at.store.securityGroups.hosts('members', ['sg_']),
  'hosts.revisions': at => at.store.hosts.revisions(at.hosts),
  'hosts.stopped': at => at.store.hosts.stopped(at.hosts[0] ?? 'hst_'),
  'migrations.find': at => at.store.migrations.find(['mig_']),
  'migrations.ofMachines': (at, machine) => at.store.migrations.ofMachines([machine]),
  'migrations.onHost': at => at.store.migrations.onHost(at.hosts[0] ?? 'hst_'),
  'migrations.luggage': (at, machine) => at.store.migrations.luggage([machine]),
  'migrations.failures': (at, machine) => at.store.migrations.failures([machine], 1),
  'hosts.desired': at => at.store.hosts.desired(at.hosts[0] ?? 'hst_'),
  'hosts.find': at => at.store.hosts.find(at.hosts),
  'hosts.tombstones': at => at.store.hosts.tombstones(at.hosts[0] ?? 'hst_'),
  'hosts.fence': at => at.store.hosts.fence(at.hosts[0] ?? 'hst_', 1),
  'hosts.upgrade': at => at.store.hosts.upgrade(at.hosts[0] ?? 'hst_', 1),
  'hosts.power': at => at.store.hosts.power(at.hosts[0] ?? 'hst_'),
  'orphans.onHost': at => at.store.orphans.onHost(at.hosts[0] ?? 'hst_'),
  'orphans.list': at => at.store.orphans.list(at.hosts[0] ?? 'hst_', { after: 'vm_0', limit: 10 }),
  'orphans.find': at => at.store.orphans.find(['orp_']),
  'hosts.factsDigest': at => at.store.hosts.factsDigest(at.hosts[0] ?? 'hst_'),
  'agents.find': at => at.store.agents.find(at.agent),
  'agents.ofHost': at => at.store.agents.ofHost(at.hosts[0] ?? 'hst_'),
  'agents.alive': at => at.store.agents.alive({ after: 'agt_0', limit: 10 }),
  'agents.enrolments': at => at.store.agents.enrolments({ after: 'enr_z', limit: 10 }),
  'agents.enrolment': at => at.store.agents.enrolment('x'),
  'images.find': at => at.store.images.find(at.scope, at.image),
  'images.list': at => at.store.images.list(at.scope, { after: 'img_0', limit: 10 }),
  'images.forRescue': at => at.store.images.forRescue(at.scope),
  'images.list of the platform': at => at.store.images.list('platform', { after: null, limit: 10 }),
  'images.many': at => at.store.images.many([at.image]),
  'images.onHost': at => at.store.images.onHost(at.hosts[0] ?? 'hst_', [at.image]),
  'images.shares': at => at.store.images.shares(at.image),
  'images.reclaimable': at => at.store.images.reclaimable(1, 10),
  'images.unfinished': at => at.store.images.unfinished(1, 10),
  'agents.converters': at => at.store.agents.converters(),
  'keyPairs.find': at => at.store.keyPairs.find(at.scope, 'mine'),
  'keyPairs.list': at => at.store.keyPairs.list(at.scope, { after: 'kpr_0', limit: 10 }),
  'networks.list': at => at.store.networks.list(at.scope, { after: 'net_0', limit: 10 }),
  'networks.defaultSubnet': at => at.store.networks.defaultSubnet(at.project, 'test-1a'),
  'networks.withSubnet': at => at.store.networks.withSubnet(at.scope, 'subnet-0'),
  'networks.beside': at => at.store.networks.beside({ subnet: at.subnet }),
  'networks.taken': at => at.store.networks.taken(at.subnet),
  'networks.taken of these': at => at.store.networks.taken(at.subnet, ['10.64.0.4', '10.64.0.5']),
  'tags.list': at => at.store.tags.list(at.scope, { after: 'vm_0|a', limit: 10 }),
  'tags.resolve': (at, machine) => at.store.tags.resolve(at.scope, [machine]),
  'operations.find': at => at.store.operations.find('op_x'),
  'operations.stuck': at => at.store.operations.stuck({ after: 'op_0', limit: 10 }),
  'operations.log': at => at.store.operations.log('op_x', 10),
  'operations.list': at => at.store.operations.list(at.scope, null, { after: 'op_z', limit: 10 }),
  'operations.list of a subject': (at, machine) => at.store.operations.list(at.scope, machine, { after: null, limit: 10 }),
  'operations.due': at => at.store.operations.due(0, at.clock.now(), 10),
  'operations.nextWake': at => at.store.operations.nextWake(0),
  'operations.dueShards': at => at.store.operations.dueShards(at.clock.now()),
  'samples.ofHost': at => at.store.samples.ofHost(at.hosts[0] ?? 'hst_', 0, 10),
  'samples.ofMachine': (at, machine) => at.store.samples.ofMachine(machine as Id<'machine'>, 0, 10),
  'commands.outcome': at => at.store.commands.outcome('cmd_x'),
  'commands.pending': at => at.store.commands.pending(at.hosts, 1),
  'events.since': at => at.store.events.since(at.scope, 1, 10),
  'events.since of the platform': at => at.store.events.since('platform', 1, 10),
  'events.since, for admins': at => at.store.events.since({ project: at.project, hosts: true }, 1, 10),
  'events.since of a subject': (at, machine) => at.store.events.since(at.scope, 1, 10, machine),
  'events.newest': at => at.store.events.newest(at.scope),
  'access.bySession': at => at.store.access.bySession('x'),
  'access.byLink': at => at.store.access.byLink('x'),
  'access.byEmail': at => at.store.access.byEmail('x'),
  'access.byAccessKey': at => at.store.access.byAccessKey('x'),
  'tenancy.memberships': at => at.store.tenancy.memberships(at.user, { after: 'prj_0', limit: 10 }),
  'tenancy.membership': at => at.store.tenancy.membership(at.user, at.project),
  'tenancy.members': at => at.store.tenancy.members(at.project, { after: 'usr_0', limit: 10 }),
  'tenancy.member': at => at.store.tenancy.member(at.project, at.user),
  'tenancy.invitations': at => at.store.tenancy.invitations(at.project, { after: 'inv_0', limit: 10 }),
  'tenancy.invitation': at => at.store.tenancy.invitation('x'),
  'tenancy.accessKeys': at => at.store.tenancy.accessKeys(at.project, null, { after: 'ak_0', limit: 10 }),
  'tenancy.accessKeys of one': at => at.store.tenancy.accessKeys(at.project, at.user, { after: null, limit: 10 }),
  'tenancy.accessKey': at => at.store.tenancy.accessKey(at.project, 'ak_x'),
  'tenancy.sessions': at => at.store.tenancy.sessions(at.user, { after: 'ses_0', limit: 10 }),
  'tenancy.users': at => at.store.tenancy.users({ after: 'usr_0', limit: 10 }),
  'tenancy.user': at => at.store.tenancy.user('x@example.org'),
  'tenancy.quota': at => at.store.tenancy.quota(at.project),
  'the guard of a quota': async at => {
    await at.store.commit([{ do: 'quota.spend', project: at.project, resources: quotaResources }])
  },
  'usage.last': at => at.store.usage.last(at.hosts[0] ?? 'hst_', 'x'),
  'usage.owners': (at, machine) => at.store.usage.owners([machine, 'vol_x']),
  'usage.counted': at => at.store.usage.counted(),
  'usage.sums': at => at.store.usage.sums(at.project, { from: 0, to: 10, cuts: [5] }, null),
  'usage.sums, by a tag': at => at.store.usage.sums(at.project, { from: 0, to: 10, cuts: [] }, 'k'),
  'usage.resources': at =>
    at.store.usage.resources(at.project, { from: 0, to: 10, cuts: [5] }, { after: 'vm_0|sent|', limit: 10 }),
  'prices.list': at => at.store.prices.list(),
  'prices.currency': at => at.store.prices.currency(),
  'prices.budget': at => at.store.prices.budget(at.project),
  'signIn.waitUntil': at => at.store.signIn.waitUntil(['x', 'y']),
  'signIn.challenge': at => at.store.signIn.challenge('x', 'second-factor'),
  'signIn.totp': at => at.store.signIn.totp(at.user),
  'signIn.recoveryCodes': at => at.store.signIn.recoveryCodes(at.user),
  'signIn.passkeys': at => at.store.signIn.passkeys(at.user, { after: 'pky_0', limit: 10 }),
  'signIn.passkey': at => at.store.signIn.passkey('x'),
  'signIn.providers': at => at.store.signIn.providers({ after: 'idp_0', limit: 10 }),
  'signIn.provider': at => at.store.signIn.provider('idp_x'),
  'signIn.known': at => at.store.signIn.known('idp_x', 'x'),
  'signIn.identities': at => at.store.signIn.identities(at.user, { after: 'idp_0', limit: 10 }),
  'signIn.projects': at => at.store.signIn.projects(['prj_x', 'default']),
  'the end of an identity provider': async at => {
    await at.store.commit([{ do: 'identity-provider.delete', id: 'idp_x' }])
  },
  'the end of an identity': async at => {
    await at.store.commit([{ do: 'identity.delete', provider: 'idp_x', user: at.user }])
  },
  'signIn.session': at => at.store.signIn.session('ses_x'),
  'tenancy.ground': at => at.store.tenancy.ground(),
  'tokens.find': at => at.store.tokens.find('u', 'v', 't'),
  'audit.lines': at => at.store.audit.lines(0, 10),
  'audit.seals': at => at.store.audit.seals(0, 10),
  'audit.lastSeal': at => at.store.audit.lastSeal(),
  'the sealing of the audit': async at => {
    await at.store.commit([{ do: 'audit.seal', after: 0, seq: 1, hash: 'h' }])
  },
  figures: at => at.store.figures(at.clock.now()),
  version: at => at.store.version(),
  incarnation: at => at.store.incarnation(),
  expire: at => at.store.expire(),
  'a commit': async at => {
    must(await at.store.commit([{ do: 'operation.wake', subject: 'vm_x', generation: 1 }]))
  },
  'the end of a snapshot': async at => {
    await at.store.commit([{ do: 'snapshot.delete', snapshot: 'snp_x', version: 1 }])
  },
}

describe('the query plans of the store', () => {
  let client: MemoryDatabase
  /** Plans are asked of a second database: an EXPLAIN of a write stays open in the native library and blocks the next commit. */
  const empty = memoryDatabase()
  let at: Furnished
  let machine: string
  beforeAll(async () => {
    client = memoryDatabase()
    at = await furnish(client)
    machine = (await launched(at, 10)).machine
    await migrate(empty)
  })

  const statementsOf = async (read: (at: Furnished, machine: string) => Promise<unknown>) => {
    const seen: { sql: string; args: readonly (null | bigint | number | string | Uint8Array)[] }[] = []
    client.onStatement = (sql, args) => seen.push({ sql, args })
    await read(at, machine)
    client.onStatement = null
    return seen
  }
  const planOf = (sql: string, args: readonly (null | bigint | number | string | Uint8Array)[]) =>
    empty.look(`EXPLAIN QUERY PLAN ${sql}`, ...args).map(row => String(row.detail))

  /** `SCAN x` without an index, and a sort that is not the index's own. */
  // A row's own list is as short as the row says.
  const faultsOf = (plan: readonly string[], sums = false) =>
    plan.filter(line => {
      // What is added up over a span of time is grouped by something else.
      if (sums && /USE TEMP B-TREE FOR GROUP BY/.test(line)) return false
      const scanned = /^SCAN (\w+)/.exec(line)?.[1]
      if (/USE TEMP B-TREE FOR (ORDER BY|GROUP BY)/.test(line)) return true
      if (scanned === undefined || line.includes('USING')) return false
      return !small.has(scanned) && scanned !== 'CONSTANT' && scanned !== 'json_each' && !scanned.startsWith('subquery')
    })

  test.each(Object.entries(reads))('%s: by an index, in its order', async (name, read) => {
    const statements = await statementsOf(read)
    expect(statements.length).toBeGreaterThan(0)
    for (const { sql, args } of statements) {
      const plan = planOf(sql, args)
      expect(faultsOf(plan, name.startsWith('usage.') || name === 'expire'), `${sql}\n  ${plan.join('\n  ')}`).toEqual([])
    }
  })

  test('what this test calls a fault is one: a scan and a sort are seen', () => {
    expect(faultsOf(planOf('SELECT * FROM machine WHERE name = ?', ['x']))).toHaveLength(1)
    expect(faultsOf(planOf('SELECT * FROM machine WHERE project = ? ORDER BY name', ['x']))).toHaveLength(1)
    expect(faultsOf(planOf('SELECT * FROM machine WHERE id = ?', ['x']))).toEqual([])
  })

  test('no read takes more statements than its page needs', async () => {
    for (const [name, read] of Object.entries(reads)) {
      if (name === 'expire') continue
      // What is wanted on a host comes from many kinds of rows: its own, those on their way, and what is to go.
      expect((await statementsOf(read)).length, name).toBeLessThanOrEqual(name === 'hosts.desired' ? 16 : 6)
    }
    expect(limits.reconcilePage).toBeGreaterThan(0)
  })
})
