import { rights } from '@sirocco/control/domain/access/rights.ts'
import { Machine } from '@sirocco/shared/api/machines.ts'
import { Network } from '@sirocco/shared/api/networks.ts'
import { PoolDetail } from '@sirocco/shared/api/pools.ts'
import { Problem } from '@sirocco/shared/api/problem.ts'
import type { Route } from '@sirocco/shared/api/route.ts'
import { type RouteName, routes } from '@sirocco/shared/api/routes.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { authenticator } from '../../support/authenticator.ts'
import { totpOf } from '../../support/totp.ts'
import { type Answer, at, type NativeWorld, nativeWorld, publicUrl } from './native-world.ts'

const all = Object.entries<Route>(routes) as [RouteName, Route][]
const itemsOf = ({ body }: Answer) => {
  const items = at(body, 'items')
  if (!Array.isArray(items)) throw new Error('no list')
  return items as readonly unknown[]
}
const launchBody = (w: NativeWorld, more: Record<string, unknown> = {}) => ({ image: w.rows.image, flavor: 't3.nano', ...more })
const launchedOf = ({ body }: Answer) => {
  const machines = at(body, 'machines')
  if (!Array.isArray(machines)) throw new Error('nothing launched')
  return machines.map(machine => Machine.parse(machine))
}
const only = <T>(items: readonly T[]): T => {
  const [one, ...more] = items
  if (one === undefined || more.length > 0) throw new Error(`${items.length} where one was expected`)
  return one
}

describe('a machine\u2019s life over REST', () => {
  let w: NativeWorld
  beforeAll(async () => {
    w = await nativeWorld()
  })
  const get = async (id: string) => Machine.parse((await w.ask('getMachine', { params: { id } })).body)

  test('every route answers as its document says', async () => {
    const me = await w.ask('getMe')
    expect(me.body).toMatchObject({ role: 'admin', via: 'key', simulated: true, region: 'test-1', project: { name: 'demo' } })
    expect(itemsOf(await w.ask('listImages'))).toMatchObject([{ name: 'tiny', public: true, bytes: 10 }])
    expect(itemsOf(await w.ask('listFlavors')).length).toBeGreaterThan(5)
    expect(itemsOf(await w.ask('listRegions'))).toMatchObject([{ name: 'test-1', zones: [{ name: 'test-1a' }] }])
    expect(itemsOf(await w.ask('listNetworks'))).toMatchObject([{ isDefault: true, subnets: [{ zone: 'test-1a' }] }])
    const back = { name: 'back', cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }
    const { id: network } = Network.parse((await w.ask('addNetwork', { body: back })).body)
    expect((await w.ask('addNetwork', { body: { cidr: '10.0.0.9/16' } })).status).toBe(400)
    const more = Network.parse((await w.ask('addSubnet', { params: { id: network }, body: { cidr: '10.0.2.0/24' } })).body)
    expect(more.subnets.map(({ cidr }) => cidr).sort()).toEqual(['10.0.1.0/24', '10.0.2.0/24'])
    const [{ id: subnet = '' } = {}] = more.subnets
    expect((await w.ask('deleteSubnet', { params: { id: subnet } })).status).toBe(204)
    expect((await w.ask('deleteNetwork', { params: { id: network } })).status).toBe(204)
    expect((await w.ask('deleteNetwork', { params: { id: network } })).status).toBe(404)
    expect(itemsOf(await w.ask('listHosts'))).toMatchObject([{ state: 'up', acceleration: 'simulated', machines: 0 }, {}])
    const [host = ''] = w.rows.hosts
    await w.ask('getHostProjection', { params: { id: host } })
    expect((await w.ask('getUsage')).body).toMatchObject({ items: [] })
    expect((await w.ask('getUsage', { query: { tag: 'team', project: 'demo' } })).status).toBe(200)
    expect((await w.ask('getUsage', { query: { from: '1990-01-01T00:00:00Z' } })).status).toBe(400)
    expect((await w.ask('getResourceUsage')).body).toMatchObject({ items: [], next: null, currency: 'EUR' })
    const price = { kind: 'machine', what: 't3.micro', micros: 11_000, from: '2026-01-01' }
    const priced = await w.ask('addPrice', { body: price })
    expect(priced).toMatchObject({ status: 201, body: { ...price, until: null } })
    expect(itemsOf(await w.ask('listPrices'))).toMatchObject([price])
    expect((await w.ask('addPrice', { body: price })).status).toBe(409)
    await w.ask('deletePrice', { params: { id: String((priced.body as { id: string }).id) } })
    await w.ask('setCurrency', { body: { currency: 'CHF' } })
    await w.ask('setBudget', { body: { micros: 5_000_000 } })
    expect((await w.ask('getUsage')).body).toMatchObject({
      ...{ currency: 'CHF', total: 0, forecast: 0 },
      budget: { micros: 5_000_000, alertAt: [50, 80, 100] },
    })
    expect(
      (await w.ask('changeHost', { params: { id: host }, body: { cpuRatio: 1.5, tags: { disk: 'ssd' } } })).body,
    ).toMatchObject({
      accepting: true,
      cpuRatio: 1.5,
      memoryRatio: 1,
      tags: { disk: 'ssd' },
      capacity: { vcpus: 96 },
    })
    expect((await w.ask('getHost', { params: { id: host } })).body).toMatchObject({ cpuRatio: 1.5, used: { vcpus: 0 } })

    const group = { name: 'web', policy: 'anti-affinity' }
    expect(await w.ask('addPlacementGroup', { body: group })).toMatchObject({
      status: 201,
      body: { ...group, strict: true, machines: 0, ec2Id: expect.stringMatching(/^pg-[0-9a-f]{17}$/) },
    })
    expect(itemsOf(await w.ask('listPlacementGroups'))).toMatchObject([group])
    const explained = await w.ask('explainPlacement', {
      body: { image: w.rows.image, flavor: 't3.nano', placementGroup: 'web', hostTags: { disk: 'ssd' } },
    })
    expect(explained.body).toMatchObject({ demand: { zone: 'test-1a', vcpus: 2, hostTags: { disk: 'ssd' } } })
    expect(itemsOf(explained)).toMatchObject([
      { host, rejection: null, fits: 48, members: 0 },
      { rejection: 'tags_missing', fits: 128 },
    ])
    expect((await w.ask('deletePlacementGroup', { params: { name: 'web' } })).status).toBe(204)

    const pool = await w.ask('addPool', { body: { name: 'fast', path: '/srv/fast' } })
    expect(pool).toMatchObject({ status: 201, body: { name: 'fast', path: '/srv/fast', isDefault: false, volumes: 0 } })
    const { id: poolId } = PoolDetail.parse(pool.body)
    expect(itemsOf(await w.ask('listPools'))).toMatchObject([{ isDefault: true }, { id: poolId }])
    expect((await w.ask('changePool', { params: { id: poolId }, body: { name: 'quick' } })).body).toMatchObject({ name: 'quick' })
    expect((await w.ask('getPool', { params: { id: poolId } })).body).toMatchObject({ name: 'quick', sizeMiB: 0 })
    expect((await w.ask('deletePool', { params: { id: poolId } })).status).toBe(204)

    const made = await w.ask('addKeyPair', { body: { name: 'laptop', tags: { team: 'a' } } })
    expect(made).toMatchObject({ status: 201, body: { type: 'ed25519', privateKey: expect.stringContaining('PRIVATE KEY') } })
    expect(itemsOf(await w.ask('listKeyPairs'))).toMatchObject([{ name: 'laptop', tags: { team: 'a' } }])

    const launched = await w.ask('launchMachines', {
      body: launchBody(w, { name: 'web', keyPair: 'laptop', tags: { env: 'test' }, userData: btoa('#!/bin/sh') }),
    })
    expect(launched.status).toBe(202)
    const { id } = only(launchedOf(launched))
    expect(launched.headers.get('location')).toBe(`/api/v1/machines/${id}`)
    expect(await get(id)).toMatchObject({
      state: 'creating',
      allowed: { start: null, reboot: 'is_creating', delete: null },
      keyPair: 'laptop',
      generation: 1,
    })
    await w.settle()
    const running = await get(id)
    expect(running).toMatchObject({
      state: 'running',
      allowed: { reboot: null },
      host: expect.stringMatching(/^hst_/),
      tags: { env: 'test' },
    })
    expect(running.addresses).toHaveLength(1)
    expect(await get(running.ec2Id)).toEqual(running)
    expect(itemsOf(await w.ask('listMachines'))).toEqual([running])

    expect(await w.ask('migrateMachine', { params: { id }, body: {} })).toMatchObject({ body: { code: 'precondition' } })
    const idle = w.rows.hosts.find(one => one !== running.host) ?? ''
    expect((await w.ask('previewMaintenance', { params: { id: idle } })).body).toEqual({ machines: [] })
    expect(await w.ask('maintainHost', { params: { id: idle }, body: {} })).toMatchObject({
      status: 202,
      body: { host: { accepting: false, maintenance: 'moving' } },
    })
    expect(await w.ask('returnHost', { params: { id: idle } })).toMatchObject({
      status: 202,
      body: { host: { accepting: true, maintenance: 'none' } },
    })

    expect((await w.ask('getConsoleLog', { params: { id } })).body).toMatchObject({ text: expect.stringContaining('login:') })
    const points = [{ cpu: 0.5, memoryBytes: 1_024, networkOutRate: 4 }, {}, {}]
    expect((await w.ask('getMachineSamples', { params: { id } })).body).toMatchObject({ step: 10, live: true, points })
    expect((await w.ask('getHostSamples', { params: { id: host } })).body).toMatchObject({ live: true, points })
    expect(await w.ask('getMachineSamples', { params: { id }, query: { step: '1' } })).toMatchObject({
      status: 400,
      body: { field: 'step' },
    })
    const console = await w.ask('openConsole', { params: { id }, body: {} })
    expect(at(console.body, 'path')).toBe(`/api/v1/consoles/${String(at(console.body, 'ticket'))}`)

    const screen = await w.ask('openScreen', { params: { id }, body: {} })
    expect(screen.body).toMatchObject({
      path: `/api/v1/consoles/${String(at(screen.body, 'ticket'))}`,
      password: expect.stringMatching(/^.{8}$/),
    })
    expect((await w.ask('getScreenshot', { params: { id } })).body).toMatchObject({ png: expect.any(String) })
    expect((await w.ask('getGuest', { params: { id } })).body).toMatchObject({ hostname: 'web', os: null })
    expect((await w.ask('setGuestPassword', { params: { id }, body: { user: 'root', password: 's' } })).status).toBe(204)
    expect((await w.ask('addGuestKey', { params: { id }, body: { user: 'root', keyPair: 'laptop' } })).status).toBe(204)

    expect(await w.ask('stopMachine', { params: { id }, body: {} })).toMatchObject({
      status: 202,
      body: { machine: { state: 'stopping' }, operations: [expect.stringMatching(/^op_/)] },
    })
    await w.settle()
    expect(await get(id)).toMatchObject({ state: 'stopped', allowed: { reboot: 'is_stopped' } })
    expect((await w.ask('stopMachine', { params: { id } })).body).toMatchObject({ operations: [] })
    expect((await w.ask('resizeMachine', { params: { id }, body: { flavor: 't3.nano' } })).body).toMatchObject({
      flavor: { name: 't3.nano', vcpus: 2, memoryMiB: 512 },
    })
    expect((await w.ask('changeUserData', { params: { id }, body: { userData: null } })).status).toBe(200)
    expect((await w.ask('renameMachine', { params: { id }, body: { name: 'www' } })).body).toMatchObject({ name: 'www' })
    expect((await w.ask('protectMachine', { params: { id }, body: { protected: true } })).body).toMatchObject({ protected: true })
    expect((await w.ask('deleteMachine', { params: { id } })).status).toBe(409)
    expect((await w.ask('protectMachine', { params: { id }, body: { protected: false } })).status).toBe(200)
    await w.ask('startMachine', { params: { id } })
    await w.settle()
    await w.ask('rebootMachine', { params: { id } })
    await w.settle()
    expect(await get(id)).toMatchObject({ state: 'running', generation: 3 })
    await w.ask('pauseMachine', { params: { id } })
    await w.settle()
    expect(await get(id)).toMatchObject({ state: 'paused', allowed: { reboot: 'is_paused', resume: null } })
    await w.ask('suspendMachine', { params: { id } })
    const spare = String(at((await w.ask('createVolume', { body: { name: 'spare', sizeMiB: 1024 } })).body, 'volume', 'id'))
    expect((await w.ask('attachVolume', { params: { id: spare }, body: { machine: id } })).status).toBe(409)
    await w.settle()
    expect(await get(id)).toMatchObject({ state: 'suspended' })
    await w.ask('resumeMachine', { params: { id } })
    await w.settle()
    expect(await get(id)).toMatchObject({ state: 'running', generation: 6 })

    const asked = itemsOf(await w.ask('listOperations', { query: { subject: id } }))
    const reboot = asked.find(each => at(each, 'kind') === 'machine.reboot')
    const op = String(at(reboot, 'id'))
    expect((await w.ask('getOperation', { params: { id: op } })).body).toMatchObject({
      state: 'done',
      steps: [{ name: 'reset', state: 'done' }],
      advice: 'nothing',
      allowed: { retry: 'is_done', cancel: 'is_over', resolve: 'is_not_stuck' },
      log: [{ step: 'reset', outcome: 'done' }],
    })
    for (const verb of ['retryOperation', 'cancelOperation'] as const)
      expect(await w.ask(verb, { params: { id: op }, body: {} })).toMatchObject({ status: 409, body: { code: 'precondition' } })
    expect(await w.ask('resolveOperation', { params: { id: op }, body: { how: 'fail' } })).toMatchObject({ status: 409 })
    expect(itemsOf(await w.ask('listStuckOperations'))).toEqual([])

    expect((await w.ask('setTags', { body: { resources: [id], tags: { tier: 'front', env: 'prod' } } })).status).toBe(204)
    expect(itemsOf(await w.ask('listTags'))).toContainEqual({ resource: id, ec2Id: running.ec2Id, key: 'env', value: 'prod' })
    expect((await w.ask('unsetTags', { body: { resources: [id], tags: [{ key: 'tier' }] } })).status).toBe(204)
    expect((await get(id)).tags).toEqual({ env: 'prod' })

    await volumesLife(w, id)
    await securityGroupsLife(w, id)
    await w.ask('stopMachine', { params: { id }, body: { force: true } })
    await w.settle()
    const kept = await w.ask('snapshotMachine', { params: { id }, body: { name: 'all of it' } })
    expect(kept).toMatchObject({ status: 202, body: { snapshots: [{ name: 'all of it', consistency: null }] } })
    await w.settle()
    const snapshot = String(at(kept.body, 'moment'))
    expect((await w.ask('getSnapshot', { params: { id: snapshot } })).body).toMatchObject({
      moment: snapshot,
      consistency: 'crash',
    })
    expect(await w.ask('revertMachine', { params: { id }, body: { snapshot } })).toMatchObject({
      status: 202,
      body: { operations: [expect.stringMatching(/^op_/)] },
    })
    await w.settle()
    const root = (await get(id)).volumes[0]?.id ?? ''
    expect(await w.ask('revertVolume', { params: { id: root }, body: { snapshot } })).toMatchObject({ status: 202 })
    await w.settle()
    await backupsLife(w, root)
    await w.settle()
    await w.ask('deleteSnapshot', { params: { id: snapshot } })
    await w.settle()
    expect(await w.ask('rescueMachine', { params: { id }, body: {} })).toMatchObject({ status: 202, body: { machine: { id } } })
    await w.settle()
    expect(await get(id)).toMatchObject({
      rescue: { image: expect.stringMatching(/^img_/) },
      allowed: { rescue: 'is_rescued', unrescue: null },
    })
    expect(await w.ask('unrescueMachine', { params: { id } })).toMatchObject({ status: 202, body: { machine: { id } } })
    await w.settle()
    await w.ask('stopMachine', { params: { id }, body: { force: true } })
    await w.settle()
    expect(await w.ask('rebuildMachine', { params: { id }, body: {} })).toMatchObject({
      status: 202,
      body: {
        machine: { volumes: [{ device: 'vda' }] },
        operations: [expect.stringMatching(/^op_/), expect.stringMatching(/^op_/)],
      },
    })
    await w.settle()
    await w.ask('startMachine', { params: { id } })
    await w.settle()
    expect(await w.ask('deleteMachine', { params: { id } })).toMatchObject({
      status: 202,
      body: { machine: { state: 'deleting' } },
    })
    await w.settle()
    expect(await get(id)).toMatchObject({ state: 'gone' })
    const kinds = itemsOf(await w.ask('listOperations', { query: { subject: id } })).map(operation => at(operation, 'kind'))
    expect(kinds).toEqual([
      'machine.delete',
      'machine.start',
      'machine.stop',
      'machine.start',
      'machine.unrescue',
      'machine.start',
      'machine.rescue',
      'machine.stop',
      'machine.resume',
      'machine.suspend',
      'machine.pause',
      'machine.reboot',
      'machine.start',
      'machine.stop',
      'machine.create',
    ])
    expect(
      itemsOf(await w.ask('listEvents', { query: { subject: id, limit: '1000' } })).map(event => at(event, 'type')),
    ).toContain('machine.gone')
    expect((await w.ask('deleteKeyPair', { params: { name: 'laptop' } })).status).toBe(204)

    const set = await w.ask('recoverMachine', { params: { id }, body: { recover: 'fresh' } })
    expect(set).toMatchObject({ status: 200, body: { recover: 'fresh' } })
    expect((await w.ask('forgetMachine', { params: { id }, body: { confirm: 'x' } })).status).toBe(404)
    const [listedHost] = itemsOf(await w.ask('listHosts'))
    const which = { id: String(at(listedHost, 'id')) }
    const power = { way: 'ipmi', address: '10.0.0.9', username: 'root', password: 'secret' }
    expect((await w.ask('setHostPower', { params: which, body: { power } })).status).toBe(204)
    expect(at(itemsOf(await w.ask('listHosts'))[0], 'power')).toEqual({
      way: 'ipmi',
      address: '10.0.0.9',
      port: 623,
      username: 'root',
      pin: null,
      system: null,
    })
    const redfish = { ...power, way: 'redfish', pin: `${'AB:'.repeat(31)}AB`, system: 'System.Embedded.1' }
    expect((await w.ask('setHostPower', { params: which, body: { power: { ...redfish, way: 'ipmi' } } })).status).toBe(400)
    expect((await w.ask('setHostPower', { params: which, body: { power: redfish } })).status).toBe(204)
    expect(at(itemsOf(await w.ask('listHosts'))[0], 'power')).toMatchObject({ port: 443, pin: 'ab'.repeat(32) })
    expect(await w.ask('upgradeHost', { params: which })).toMatchObject({ status: 422, body: { code: 'unsupported' } })
    expect((await w.ask('upgradeHosts')).status).toBe(422)
    const fence = await w.ask('fenceHost', { params: which, body: { how: 'ipmi' } })
    expect(fence).toMatchObject({ status: 409, body: { code: 'precondition' } })
    expect(itemsOf(await w.ask('listOrphans', { params: which }))).toEqual([])
    const found = { params: { ...which, orphan: 'orp_none' } }
    expect((await w.ask('adoptOrphan', { ...found, body: { project: 'demo' } })).status).toBe(404)
    expect((await w.ask('removeOrphan', { ...found, body: { confirm: 'web' } })).status).toBe(404)
    const token = await w.ask('makeEnrolToken', { body: { minutes: 5 } })
    expect(token).toMatchObject({ status: 201, body: { line: `join ${at(token.body, 'token')}` } })
    expect(itemsOf(await w.ask('listEnrolTokens'))).toMatchObject([{ id: at(token.body, 'id'), state: 'open' }])
    expect((await w.ask('revokeEnrolToken', { params: { id: String(at(token.body, 'id')) } })).status).toBe(204)
    expect((await w.ask('removeHost', { params: { id: 'hst_none' } })).status).toBe(404)

    const brought = await w.ask('addImage', { body: { name: 'mine', upload: { bytes: 5 } } })
    const image = String(at(brought.body, 'id'))
    expect((await w.ask('getImage', { params: { id: image } })).body).toMatchObject({ state: 'pending', owner: 'self' })
    expect((await w.ask('getImageUpload', { params: { id: image } })).body).toMatchObject({ parts: 1, here: [] })
    expect((await w.ask('putImagePart', { params: { id: image, n: '1' }, raw: 'hello' })).status).toBe(204)
    expect((await w.ask('finishImageUpload', { params: { id: image }, body: {} })).status).toBe(202)
    await w.settle()
    expect((await w.ask('getImage', { params: { id: image } })).body).toMatchObject({ state: 'ready', minDiskMiB: 64 })
    expect(itemsOf(await w.ask('listOperations', { query: { subject: image } }))).toMatchObject([{ kind: 'image.import' }])
    expect(itemsOf(await w.ask('listImageCatalogue')).length).toBeGreaterThan(5)
    const shared = { visibility: 'project', projects: ['demo'] }
    expect((await w.ask('shareImage', { params: { id: image }, body: shared })).status).toBe(204)
    expect(itemsOf(await w.ask('listImageShares', { params: { id: image } }))).toMatchObject([{ name: 'demo' }])
    expect((await w.ask('markImageForRescue', { params: { id: image }, body: { forRescue: true } })).status).toBe(204)
    expect((await w.ask('deprecateImage', { params: { id: image }, body: { deprecated: true } })).status).toBe(204)
    expect((await w.ask('deleteImage', { params: { id: image } })).status).toBe(202)
    const captured = await w.ask('captureImage', { body: { name: 'kept', volume: 'vol_none' } })
    expect(captured).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect((await w.ask('getImage', { params: { id: image } })).status).toBe(404)

    const link = await w.link()
    const session = await w.ask('signIn', { as: null, body: { link } })
    const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    expect((await w.ask('getMe', { as: null, headers: { cookie } })).body).toMatchObject({ via: 'session' })
    await people(w, cookie)
    await webhooks(w)
    await w.password('correct horse')
    const changed = {
      as: null,
      headers: { cookie, origin: publicUrl },
      body: { old: 'correct horse', new: 'a long enough password' },
    }
    expect((await w.ask('changePassword', changed)).status).toBe(204)
    await secondFactor(w, cookie)
    await passkeys(w, cookie)
    await identities(w, cookie)
    expect((await w.ask('signOut', { as: null, headers: { cookie } })).status).toBe(204)
    expect((await w.ask('getMe', { as: null, headers: { cookie } })).status).toBe(401)

    expect(new Set(all.map(([name]) => name))).toEqual(w.asked)
  })
})

/** A volume made, given, grown, frozen, copied and taken away, and all of it deleted. */
/** A backup of a volume, a volume of that, and its end. */
async function backupsLife(w: NativeWorld, volume: string): Promise<void> {
  const asked = await w.ask('createBackup', { body: { volume, name: 'nightly' } })
  expect(asked).toMatchObject({ status: 202, body: { backup: { name: 'nightly', state: 'creating', storedBytes: null } } })
  const backup = String(at(asked.body, 'backup', 'id'))
  await w.settle()
  expect((await w.ask('getBackup', { params: { id: backup } })).body).toMatchObject({ state: 'ready', volume, base: null })
  expect(itemsOf(await w.ask('listBackups', { query: { volume } }))).toMatchObject([{ id: backup }])
  expect(itemsOf(await w.ask('listBackups', { query: { volume: 'vol_other' } }))).toEqual([])
  const restored = await w.ask('createVolume', { body: { backup } })
  expect(restored).toMatchObject({ status: 202, body: { volume: { source: { kind: 'backup', id: backup } } } })
  expect(await w.ask('deleteBackup', { params: { id: backup } })).toMatchObject({ status: 409, body: { key: 'backup.awaited' } })
  expect((await w.ask('deleteVolume', { params: { id: String(at(restored.body, 'volume', 'id')) } })).status).toBe(202)
  expect((await w.ask('deleteBackup', { params: { id: backup } })).status).toBe(202)
  await w.settle()
  expect((await w.ask('getBackup', { params: { id: backup } })).body).toMatchObject({ state: 'gone' })
}

async function securityGroupsLife(w: NativeWorld, machine: string): Promise<void> {
  const [standard] = itemsOf(await w.ask('listSecurityGroups'))
  expect(standard).toMatchObject({ name: 'default', isDefault: true, ports: 1 })
  const made = await w.ask('addSecurityGroup', { body: { name: 'web', description: 'to browsers' } })
  expect(made).toMatchObject({ status: 201, body: { name: 'web', isDefault: false, ports: 0 } })
  const params = { id: String(at(made.body, 'id')) }
  expect(await w.ask('changeSecurityGroup', { params, body: { name: 'front' } })).toMatchObject({ body: { name: 'front' } })
  const https = { direction: 'in', protocol: 'tcp', from: 443, to: 443, cidr: '0.0.0.0/0' }
  const wider = await w.ask('authoriseRules', { params, body: { rules: [https] } })
  expect(wider.status).toBe(200)
  expect((await w.ask('authoriseRules', { params, body: { rules: [{ ...https, cidr: '10.0.0.0/40' }] } })).status).toBe(400)
  const shown = await w.ask('getSecurityGroup', { params })
  const rule = (at(shown.body, 'rules') as unknown[]).find(each => at(each, 'protocol') === 'tcp')
  expect(rule).toMatchObject(https)
  expect((await w.ask('setMachineGroups', { params: { id: machine }, body: { groups: ['front'] } })).status).toBe(200)
  expect(await w.ask('deleteSecurityGroup', { params })).toMatchObject({ status: 409 })
  expect((await w.ask('setMachineGroups', { params: { id: machine }, body: { groups: ['default'] } })).status).toBe(200)
  expect((await w.ask('revokeRules', { params, body: { ids: [String(at(rule, 'id'))] } })).status).toBe(200)
  expect((await w.ask('deleteSecurityGroup', { params })).status).toBe(204)
  expect((await w.ask('getSecurityGroup', { params })).status).toBe(404)
  await w.settle()
}

async function volumesLife(w: NativeWorld, machine: string): Promise<void> {
  const [root] = itemsOf(await w.ask('listVolumes'))
  expect(root).toMatchObject({ state: 'in-use', source: { kind: 'image' }, attachment: { machine, device: 'vda', boot: true } })
  const made = await w.ask('createVolume', { body: { name: 'data', sizeMiB: 100, tags: { Name: 'data' } } })
  expect(made).toMatchObject({ status: 202, body: { volume: { state: 'available', host: null }, operations: [] } })
  const id = String(at(at(made.body, 'volume'), 'id'))
  expect(made.headers.get('location')).toBe(`/api/v1/volumes/${id}`)
  const params = { id }
  expect(await w.ask('createSnapshot', { body: { volume: id } })).toMatchObject({ status: 409 })
  const attached = await w.ask('attachVolume', { params, body: { machine } })
  expect(attached).toMatchObject({ status: 202, body: { operations: [expect.stringMatching(/^op_/)] } })
  await w.settle()
  expect((await w.ask('getVolume', { params })).body).toMatchObject({
    state: 'in-use',
    attachment: { device: 'vdc', boot: false },
    host: expect.stringMatching(/^hst_/),
  })
  expect(await w.ask('deleteVolume', { params })).toMatchObject({ status: 409 })
  expect((await w.ask('growVolume', { params, body: { sizeMiB: 50 } })).status).toBe(400)
  await w.ask('growVolume', { params, body: { sizeMiB: 200 } })
  await w.settle()
  const frozen = await w.ask('createSnapshot', { body: { volume: id, name: 'before' } })
  await w.settle()
  const snapshot = String(at(at(frozen.body, 'snapshot'), 'id'))
  expect((await w.ask('getSnapshot', { params: { id: snapshot } })).body).toMatchObject({ state: 'ready', sizeMiB: 200 })
  for (const body of [{ snapshot }, { volume: id }]) {
    const copy = await w.ask('createVolume', { body })
    await w.settle()
    const theirs = { id: String(at(at(copy.body, 'volume'), 'id')) }
    expect((await w.ask('getVolume', { params: theirs })).body).toMatchObject({ state: 'available', sizeMiB: 200 })
    await w.ask('deleteVolume', { params: theirs })
    await w.settle()
    expect((await w.ask('getVolume', { params: theirs })).body).toMatchObject({ state: 'gone' })
  }
  expect(itemsOf(await w.ask('listSnapshots'))).toMatchObject([{ id: snapshot, name: 'before' }])
  await w.ask('detachVolume', { params, body: {} })
  await w.settle()
  expect((await w.ask('getVolume', { params })).body).toMatchObject({ state: 'available', attachment: null })
  await w.ask('deleteSnapshot', { params: { id: snapshot } })
  await w.ask('deleteVolume', { params })
  await w.settle()
}

/** What one project, seen by its only member, answers of people: the rest is in tenancy.test.ts. */
async function people(w: NativeWorld, cookie: string) {
  const person = await w.person('viewer')
  const user = text(at((await w.ask('getMe', { as: person })).body, 'user', 'id'))
  expect(itemsOf(await w.ask('listUsers'))).toHaveLength(2)
  await w.ask('changeUser', { params: { user }, body: { disabled: true } })
  await w.ask('changeMember', { params: { user }, body: { role: 'operator' } })
  expect(itemsOf(await w.ask('listMembers'))).toMatchObject([{ role: 'admin' }, { role: 'operator', disabled: true }])
  await w.ask('removeMember', { params: { user } })
  const invited = await w.ask('addInvitation', { body: { email: 'ann@example.org', role: 'viewer' } })
  expect(itemsOf(await w.ask('listInvitations'))).toHaveLength(1)
  await w.ask('deleteInvitation', { params: { id: text(at(invited.body, 'id')) } })
  const key = await w.ask('addAccessKey', { body: {} })
  await w.ask('deleteAccessKey', { params: { id: text(at(key.body, 'id')) } })
  expect(itemsOf(await w.ask('listAccessKeys'))).toHaveLength(1)
  const made = await w.ask('addProject', { body: { name: 'second' } })
  expect(itemsOf(await w.ask('listProjects'))).toHaveLength(2)
  const project = { project: 'second' }
  expect((await w.ask('setQuota', { params: project, body: { machines: 3 } })).status).toBe(204)
  expect(itemsOf(await w.ask('getQuota', { params: project }))).toContainEqual({ resource: 'machines', limit: 3, used: 0 })
  const as = { as: null, headers: { cookie, origin: publicUrl } }
  expect(await w.ask('switchProject', { ...as, body: { project: text(at(made.body, 'id')) } })).toMatchObject({ status: 200 })
  const [session] = itemsOf(await w.ask('listSignIns', as))
  expect(session).toMatchObject({ current: true })
  expect(await w.ask('endSignIn', { ...as, params: { id: 'ses_none' } })).toMatchObject({ status: 404 })
}
/** One that comes and goes; what it is told is webhooks.test.ts's. */
async function webhooks(w: NativeWorld) {
  const made = await w.ask('createWebhook', { body: { url: 'https://hooks.example.org/' } })
  const params = { id: text(at(made.body, 'id')) }
  expect((await w.ask('changeWebhook', { params, body: { types: ['machine.*'] } })).body).toMatchObject({ types: ['machine.*'] })
  expect(itemsOf(await w.ask('listWebhooks'))).toHaveLength(1)
  expect(itemsOf(await w.ask('listDeliveries', { params }))).toEqual([])
  expect((await w.ask('replayDelivery', { params: { ...params, delivery: 'dlv_none' } })).status).toBe(404)
  expect((await w.ask('deleteWebhook', { params })).status).toBe(204)
}

const text = (value: unknown) => String(value)

describe('who may what', () => {
  let w: NativeWorld
  let viewer: string
  let stranger: string
  let id: string
  beforeAll(async () => {
    w = await nativeWorld()
    viewer = await w.person('viewer')
    stranger = await w.person('owner', true)
    const [standing] = itemsOf(await w.ask('listSecurityGroups'))
    expect(standing).toMatchObject({ name: 'default', isDefault: true, ports: 0, rules: [{ direction: 'in' }, {}, {}, {}, {}] })
    const web = await w.ask('addSecurityGroup', { body: { name: 'web', tags: { team: 'a' } } })
    expect(web).toMatchObject({ status: 201, body: { name: 'web', tags: { team: 'a' }, rules: [{ direction: 'out' }, {}] } })
    const params = { id: String((web.body as { id: unknown }).id) }
    expect((await w.ask('changeSecurityGroup', { params, body: { description: 'of the web' } })).body).toMatchObject({
      name: 'web',
      description: 'of the web',
    })
    const rule = { direction: 'in', protocol: '6', from: 80, to: 80, cidr: '0.0.0.0/0' }
    const ruled = await w.ask('authoriseRules', { params, body: { rules: [rule, { direction: 'in', group: 'default' }] } })
    expect(ruled).toMatchObject({
      status: 200,
      body: {
        rules: [{}, {}, { protocol: 'tcp', from: 80 }, { protocol: 'all', group: { ec2Id: expect.stringMatching(/^sg-/) } }],
      },
    })
    expect((await w.ask('authoriseRules', { params, body: { rules: [rule] } })).status).toBe(409)
    expect((await w.ask('authoriseRules', { params, body: { rules: [{ ...rule, to: 79 }] } })).status).toBe(400)
    const added = (ruled.body as { rules: { id: string }[] }).rules.slice(2)
    expect((await w.ask('revokeRules', { params, body: { ids: added.map(one => one.id) } })).body).toMatchObject({
      rules: [{}, {}],
    })

    id = only(launchedOf(await w.ask('launchMachines', { body: { ...launchBody(w), securityGroups: ['web'] } }))).id
    expect((await w.ask('getSecurityGroup', { params })).body).toMatchObject({ ports: 1 })
    expect((await w.ask('deleteSecurityGroup', { params })).status).toBe(409)
    const moved = await w.ask('setMachineGroups', { params: { id }, body: { groups: ['default'] } })
    expect(moved.body).toMatchObject({ ports: [{ groups: [{ name: 'default' }] }] })
    expect((await w.ask('deleteSecurityGroup', { params })).status).toBe(204)
  })
  const bodies: Partial<Record<RouteName, unknown>> = {
    setGuestPassword: { user: 'root', password: 'x' },
    addGuestKey: { user: 'root', keyPair: 'k' },
    renameMachine: { name: 'x' },
    protectMachine: { protected: true },
    resizeMachine: { flavor: 't3.nano' },
    changeUserData: { userData: null },
    launchMachines: { image: 'img_none', flavor: 't3.nano' },
    addKeyPair: { name: 'k' },
    addPlacementGroup: { name: 'k', policy: 'affinity' },
    addPool: { name: 'fast', path: '/srv/fast' },
    changePool: { name: 'fast' },
    addNetwork: { cidr: '10.0.0.0/16' },
    addSubnet: { cidr: '10.0.1.0/24' },
    addSecurityGroup: { name: 'k' },
    authoriseRules: { rules: [{ direction: 'in', cidr: '0.0.0.0/0' }] },
    revokeRules: { ids: ['sgr_1'] },
    setMachineGroups: { groups: ['default'] },
    explainPlacement: { image: 'img_none', flavor: 't3.nano' },
    attachVolume: { machine: 'vm_1' },
    growVolume: { sizeMiB: 1 },
    revertVolume: { snapshot: 'snp_1' },
    revertMachine: { snapshot: 'snp_1' },
    createSnapshot: { volume: 'vol_1' },
    createBackup: { volume: 'vol_1' },
    setTags: { resources: ['x-1'], tags: {} },
    unsetTags: { resources: ['x-1'] },
    resolveOperation: { how: 'fail' },
    recoverMachine: { recover: 'no' },
    forgetMachine: { confirm: 'web' },
    fenceHost: { how: 'ipmi' },
    adoptOrphan: { project: 'demo' },
    removeOrphan: { confirm: 'web' },
    setHostPower: { power: null },
    addImage: { catalogue: 'debian-13' },
    captureImage: { name: 'kept', volume: 'vol_1' },
    shareImage: { visibility: 'private' },
    deprecateImage: { deprecated: true },
    addProject: { name: 'second' },
    addInvitation: { email: 'ann@example.org', role: 'viewer' },
    changeMember: { role: 'viewer' },
    changeUser: { disabled: true },
    setQuota: { machines: 1 },
    addPrice: { kind: 'machine', micros: 1, from: '2026-01-01' },
    setCurrency: { currency: 'EUR' },
    setBudget: { micros: null },
    markImageForRescue: { forRescue: true },
    createWebhook: { url: 'https://hooks.example.org/' },
    changeWebhook: { disabled: true },
    addIdentityProvider: identityProvider,
    changeIdentityProvider: { claim: 'roles' },
  }

  test.each(all.filter(([, { open }]: [RouteName, Route]) => !open))('%s asks who it is', async name => {
    const answer = await w.ask(name, {
      as: null,
      params: { id: 'vm_1', name: 'k', n: '1', user: 'usr_1', project: 'prj_1', orphan: 'orp_1', delivery: 'dlv_1' },
    })
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  })

  test.each(all.filter(([, { verbs }]) => verbs.some(verb => rights[verb as keyof typeof rights] !== 'viewer')))(
    '%s is refused to who may only look',
    async name => {
      const answer = await w.ask(name, {
        as: viewer,
        params: { id, name: 'k', n: '1', user: 'usr_1', project: 'prj_1', orphan: 'orp_1', delivery: 'dlv_1' },
        ...(name in bodies ? { body: bodies[name] } : {}),
      })
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    },
  )

  test('a viewer sees machines, but not on which host they are', async () => {
    const machine = only(itemsOf(await w.ask('listMachines', { as: viewer })))
    expect(machine).toMatchObject({ id })
    expect(machine).not.toHaveProperty('host')
  })

  test('another project\u2019s machine is not found, whatever is asked of it', async () => {
    for (const name of [
      'getMachine',
      'deleteMachine',
      'startMachine',
      'stopMachine',
      'rebootMachine',
      'getConsoleLog',
      'getMachineSamples',
      'openConsole',
    ] as const)
      expect(await w.ask(name, { as: stranger, params: { id } })).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect((await w.ask('setTags', { as: stranger, body: { resources: [id], tags: { a: 'b' } } })).status).toBe(404)
    expect(itemsOf(await w.ask('listMachines', { as: stranger }))).toEqual([])
    expect(itemsOf(await w.ask('listEvents', { as: stranger }))).toEqual([])
    expect((await w.ask('getMachine', { params: { id } })).body).toMatchObject({ state: 'creating' })
  })

  test.each(['Basic abc', 'Bearer', 'Bearer AKIAEXAMPLE', 'Bearer AKIAEXAMPLE.wrong', 'Bearer nobody.secret', 'Bearer .'])(
    '%j is nobody',
    async as => {
      expect((await w.ask('getMe', { as })).status).toBe(401)
    },
  )
})

/** Codes by an app, on and off; how they sign in is sign-in.test.ts's. */
async function secondFactor(w: NativeWorld, cookie: string): Promise<void> {
  const me = { as: null, headers: { cookie, origin: publicUrl } }
  const { body } = await w.ask('beginSecondFactor', me)
  const code = totpOf(String(at(body, 'secret')), w.rows.clock.at)
  expect((await w.ask('confirmSecondFactor', { ...me, body: { code } })).status).toBe(200)
  expect((await w.ask('renewRecoveryCodes', me)).status).toBe(200)
  expect((await w.ask('removeSecondFactor', me)).status).toBe(204)
  expect((await w.ask('getSecondFactor', me)).body).toEqual({ since: null, recoveryCodes: 0 })
}

/** A passkey that comes and goes; how it signs in is passkeys.test.ts's. */
async function passkeys(w: NativeWorld, cookie: string): Promise<void> {
  const me = { as: null, headers: { cookie, origin: publicUrl } }
  expect((await w.ask('askPasskey', { as: null })).status).toBe(200)
  const { body } = await w.ask('beginPasskey', me)
  const made = authenticator({ domain: 'cloud.example', origin: publicUrl }).make({
    challenge: String(at(body, 'challenge')),
    userId: String(at(body, 'user', 'id')),
  })
  const added = await w.ask('addPasskey', { ...me, body: { name: 'laptop', response: made } })
  const params = { id: String(at(added.body, 'id')) }
  expect((await w.ask('renamePasskey', { ...me, params, body: { name: 'phone' } })).status).toBe(200)
  expect(itemsOf(await w.ask('listPasskeys', me))).toMatchObject([{ name: 'phone' }])
  expect((await w.ask('removePasskey', { ...me, params })).status).toBe(204)
}

/** A provider that comes and goes, and cannot be asked here; how it signs in is identities.test.ts's. */
async function identities(w: NativeWorld, cookie: string): Promise<void> {
  const me = { as: null, headers: { cookie, origin: publicUrl } }
  const made = await w.ask('addIdentityProvider', { body: identityProvider })
  const id = String(at(made.body, 'id'))
  expect(itemsOf(await w.ask('listSignInProviders', { as: null }))).toEqual([{ id, name: 'Example' }])
  const asked = { body: { provider: id } }
  expect((await w.ask('askProvider', { as: null, ...asked })).status).toBe(503)
  expect((await w.ask('beginIdentity', { ...me, ...asked })).status).toBe(503)
  expect((await w.ask('linkIdentity', { ...me, body: { flow: 'of nobody at all', answer: 'code=1' } })).status).toBe(409)
  expect(itemsOf(await w.ask('listIdentities', me))).toEqual([])
  expect((await w.ask('unlinkIdentity', { ...me, params: { id } })).status).toBe(204)
  const changed = { params: { id }, body: { claim: 'roles' } }
  expect((await w.ask('changeIdentityProvider', changed)).body).toMatchObject({
    name: 'Example',
    claim: 'roles',
    scope: 'openid email',
  })
  expect((await w.ask('deleteIdentityProvider', { params: { id } })).status).toBe(204)
  expect(itemsOf(await w.ask('listIdentityProviders'))).toEqual([])
}
const identityProvider = { name: 'Example', issuer: 'https://login.example.org', clientId: 'sirocco', secret: 'of both' }

describe('signing in', () => {
  let w: NativeWorld
  beforeAll(async () => {
    w = await nativeWorld()
    await w.password('correct horse')
  })
  const signIn = (body: unknown, headers: Record<string, string> = {}) => w.ask('signIn', { as: null, body, headers })

  test('by password sets a cookie that scripts cannot read', async () => {
    const answer = await signIn({ email: 'admin@example.org', password: 'correct horse' })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-sirocco_session=[\w-]{40,}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/,
    )
  })
  test('says the same of a wrong password and of an unknown address', async () => {
    const wrong = await signIn({ email: 'admin@example.org', password: 'wrong' })
    const unknown = await signIn({ email: 'nobody@example.org', password: 'wrong' })
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    expect(at(wrong.body, 'detail')).toBe(at(unknown.body, 'detail'))
  })
  test('by link works once', async () => {
    const link = await w.link()
    expect((await signIn({ link })).status).toBe(201)
    expect((await signIn({ link })).status).toBe(401)
  })
  test('is not for pages of other sites', async () => {
    expect(
      (await signIn({ email: 'admin@example.org', password: 'correct horse' }, { 'sec-fetch-site': 'cross-site' })).status,
    ).toBe(403)
  })
  test('a session changes nothing for a page of another site, and for ours it does', async () => {
    const cookie =
      ((await signIn({ email: 'admin@example.org', password: 'correct horse' })).headers.get('set-cookie') ?? '').split(';')[0] ??
      ''
    const add = (name: string, headers: Record<string, string>) =>
      w.ask('addKeyPair', { as: null, body: { name }, headers: { cookie, ...headers } })
    expect((await add('a', { origin: 'https://evil.example' })).status).toBe(403)
    expect((await add('a', { 'sec-fetch-site': 'same-site', origin: publicUrl })).status).toBe(403)
    expect((await add('a', { 'sec-fetch-site': 'same-origin', origin: publicUrl })).status).toBe(201)
    expect((await add('b', { origin: publicUrl })).status).toBe(201)
  })
  test('a feed or console is no page\u2019s of another site', async () => {
    const cookie =
      ((await signIn({ email: 'admin@example.org', password: 'correct horse' })).headers.get('set-cookie') ?? '').split(';')[0] ??
      ''
    for (const path of ['/api/v1/feed', '/api/v1/consoles/abc']) {
      const dial = (headers: Record<string, string>) =>
        w.raw(new Request(publicUrl + path, { headers: { upgrade: 'websocket', ...headers } }))
      expect((await dial({})).status).toBe(401)
      expect((await dial({ cookie, origin: 'https://evil.example' })).status).toBe(403)
      expect((await dial({ cookie, origin: publicUrl })).status).toBe(200)
      expect((await w.raw(new Request(publicUrl + path, { headers: { cookie } }))).status).toBe(400)
    }
  })
})

describe('a request', () => {
  let w: NativeWorld
  beforeAll(async () => {
    w = await nativeWorld()
  })
  const refused = async (response: Promise<Response>) => {
    const answer = await response
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    const problem = Problem.parse(await answer.json())
    expect(problem.instance).toBe(answer.headers.get('x-request-id'))
    return problem
  }
  const post = (body: BodyInit, headers: Record<string, string> = {}) => {
    const { authorization } = Object.fromEntries(w.request('getMe').headers)
    return w.raw(
      new Request(`${publicUrl}/api/v1/key-pairs`, {
        method: 'POST',
        body,
        headers: { authorization: authorization ?? '', 'content-type': 'application/json', ...headers },
      }),
    )
  }

  test.each([
    ['an unknown field', { image: 'ami-1', flavor: 't3.nano', flavour: 'x' }, 'flavour'],
    ['a missing field', { flavor: 't3.nano' }, 'image'],
    ['a wrong type', { image: 'ami-1', flavor: 1 }, 'flavor'],
    ['a number out of range', { image: 'ami-1', flavor: 'x', count: 0 }, 'count'],
    ['text that is no base64', { image: 'ami-1', flavor: 'x', userData: '#!' }, 'userData'],
  ])('with %s is refused, and the field named', async (_, body, field) => {
    expect(await w.ask('launchMachines', { body })).toMatchObject({ status: 400, body: { code: 'invalid', field } })
  })
  test('with an unknown or repeated parameter is refused', async () => {
    expect(await w.ask('listMachines', { query: { colour: 'red' } })).toMatchObject({ status: 400, body: { field: 'colour' } })
    expect(await w.ask('listMachines', { query: { limit: ['1', '2'] } })).toMatchObject({ status: 400, body: { field: 'limit' } })
    expect(await w.ask('getMe', { query: { x: 'y' } })).toMatchObject({ status: 400, body: { field: 'x' } })
    expect(await w.ask('listMachines', { query: { cursor: 'made-up' } })).toMatchObject({
      status: 400,
      body: { field: 'cursor' },
    })
  })
  test('that is no JSON, or does not say so, is refused', async () => {
    expect((await refused(post('{'))).code).toBe('invalid')
    expect((await refused(post('{"name":"x"}', { 'content-type': 'text/plain' }))).code).toBe('invalid')
    expect((await refused(post(Uint8Array.of(0xff, 0xfe)))).code).toBe('invalid')
    expect((await refused(post('[]'))).code).toBe('invalid')
  })
  test('that is too long is refused, whatever its headers promise', async () => {
    expect((await refused(post('x'.repeat(limits.requestBytes + 1)))).detail).toContain(String(limits.requestBytes))
    const endless = new ReadableStream<Uint8Array>({ pull: controller => controller.enqueue(new Uint8Array(65_536)) })
    const request = new Request(`${publicUrl}/api/v1/key-pairs`, {
      method: 'POST',
      body: endless,
      // Node's fetch asks for this with a stream.
      ...{ duplex: 'half' },
      headers: { authorization: w.request('getMe').headers.get('authorization') ?? '', 'content-type': 'application/json' },
    })
    expect((await refused(w.raw(request))).code).toBe('invalid')
  })
  test('to what is not there is told so as a problem', async () => {
    expect((await refused(w.raw(new Request(`${publicUrl}/api/v1/nothing`)))).code).toBe('not_found')
    expect((await refused(w.raw(new Request(`${publicUrl}/api/v1/machines`, { method: 'PATCH' })))).code).toBe('not_found')
  })
  test('that meets a fault of ours tells nothing of it but its id', async () => {
    const broken = {
      ...w.parts,
      ports: { ...w.ports, store: { ...w.ports.store, flavors: { list: () => Promise.reject(new Error('disk on fire')) } } },
    }
    const problem = await refused(Promise.resolve(w.app.fetch(w.request('listFlavors'), broken)))
    expect(problem).toMatchObject({ code: 'internal', status: 500 })
    expect(JSON.stringify(problem)).not.toContain('fire')
    expect(JSON.stringify(w.logged)).toContain('disk on fire')
    expect(JSON.stringify(w.logged)).toContain(problem.instance)
  })
  test('is answered so that nobody keeps it', async () => {
    expect((await w.ask('getMe')).headers.get('cache-control')).toBe('no-store')
  })
})

describe('an idempotency key', () => {
  test('makes a repeated launch land once, and answer the same', async () => {
    const w = await nativeWorld()
    const launch = (key: string, more = {}) =>
      w.ask('launchMachines', { headers: { 'idempotency-key': key }, body: launchBody(w, more) })
    const [first, second] = [await launch('k1'), await launch('k1')]
    expect(second.body).toEqual(first.body)
    expect(await launch('k1', { name: 'other' })).toMatchObject({
      status: 409,
      body: { code: 'conflict', field: 'Idempotency-Key' },
    })
    await launch('k2')
    expect(itemsOf(await w.ask('listMachines'))).toHaveLength(2)
    expect(await launch('k'.repeat(65))).toMatchObject({ status: 400, body: { field: 'Idempotency-Key' } })
  })
})

describe('a list', () => {
  test('gives every machine once, whatever is launched meanwhile', async () => {
    const w = await nativeWorld({ hosts: 2, cpus: 64, memoryMiB: 131_072 })
    await w.ask('launchMachines', { body: launchBody(w, { flavor: 't3.pico', count: 23 }) })
    const expected = itemsOf(await w.ask('listMachines')).map(machine => at(machine, 'id'))
    expect(expected).toHaveLength(23)
    const seen: unknown[] = []
    let query: Record<string, string> = { limit: '5' }
    for (;;) {
      const page = await w.ask('listMachines', { query })
      seen.push(...itemsOf(page).map(machine => at(machine, 'id')))
      const next = at(page.body, 'next')
      if (typeof next !== 'string') {
        expect(page.headers.get('link')).toBeNull()
        break
      }
      expect(page.headers.get('link')).toBe(`</api/v1/machines?limit=5&cursor=${next}>; rel="next"`)
      query = { limit: '5', cursor: next }
      w.rows.clock.at += 1
      await w.ask('launchMachines', { body: launchBody(w, { flavor: 't3.pico' }) })
    }
    expect(seen.slice(0, 23)).toEqual(expected)
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('filters by name, state and tag', async () => {
    const w = await nativeWorld()
    await w.ask('launchMachines', { body: launchBody(w, { name: 'Web-1', tags: { env: 'prod', team: 'a' } }) })
    await w.settle()
    await w.ask('launchMachines', { body: launchBody(w, { name: 'db-1', tags: { env: 'test' } }) })
    const names = async (query: Record<string, string | string[]>) =>
      itemsOf(await w.ask('listMachines', { query })).map(machine => at(machine, 'name'))
    expect(await names({ name: 'web' })).toEqual(['Web-1'])
    expect(await names({ state: 'creating' })).toEqual(['db-1'])
    expect(await names({ state: ['creating', 'running'] })).toEqual(['Web-1', 'db-1'])
    expect(await names({ tag: 'env' })).toEqual(['Web-1', 'db-1'])
    expect(await names({ tag: 'env=test' })).toEqual(['db-1'])
    expect(await names({ tag: ['env=prod', 'team'] })).toEqual(['Web-1'])
    expect(await names({ tag: 'constructor' })).toEqual([])
    expect(await names({ name: 'web', state: 'creating' })).toEqual([])
  })
})

describe('machines by their ids', () => {
  test('come in one page, in the order asked, without those that are not there', async () => {
    const w = await nativeWorld()
    const [a, b] = launchedOf(await w.ask('launchMachines', { body: launchBody(w, { count: 2 }) }))
    if (!a || !b) throw new Error('two were asked for')
    const ids = async (id: string[], more = {}) =>
      itemsOf(await w.ask('listMachines', { query: { id, ...more } })).map(machine => at(machine, 'id'))
    expect(await ids([b.id, a.ec2Id])).toEqual([b.id, a.id])
    expect(await ids([b.id, 'vm_none', a.id, 'i-none'])).toEqual([b.id, a.id])
    expect(await ids(['vm_none'])).toEqual([])
    expect(await ids([a.id, b.id], { state: 'running' })).toEqual([])
    const many = await w.ask('listMachines', { query: { id: Array.from({ length: limits.page + 1 }, (_, i) => `vm_${i}`) } })
    expect(many).toMatchObject({ status: 400, body: { field: 'id' } })
  })
})

describe('events', () => {
  const follow = async (w: NativeWorld, headers: Record<string, string>) => {
    const response = await w.raw(w.request('listEvents', { headers: { accept: 'text/event-stream', ...headers } }))
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    return async () => ((await reader.read()).value ?? '') as string
  }
  const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))

  test('are followed as they happen, and replayed from where one was', async () => {
    const w = await nativeWorld()
    const live = await follow(w, {})
    await w.ask('launchMachines', { body: launchBody(w) })
    await w.settle()
    await w.pump()
    const heard = ids(await live())
    const listed = itemsOf(await w.ask('listEvents')).map(event => at(event, 'seq'))
    expect(heard).toEqual(listed)
    expect(heard.length).toBeGreaterThan(2)
    const again = await follow(w, { 'last-event-id': String(heard[1]) })
    expect(ids(await again())).toEqual(heard.slice(2))
  })

  test('that were forgotten are told as a reset', async () => {
    const w = await nativeWorld()
    await w.ask('launchMachines', { body: launchBody(w) })
    await w.settle()
    w.rows.clock.at += limits.eventRetention + 1
    await w.ports.store.expire()
    await w.ask('launchMachines', { body: launchBody(w) })
    expect((await w.ask('listEvents', { query: { after: '1' } })).body).toMatchObject({ reset: true })
    const replay = await follow(w, { 'last-event-id': '1' })
    expect(await replay()).toContain('event: reset')
  })

  test('are not told by a cursor that is none', async () => {
    const w = await nativeWorld()
    const answer = await w.raw(w.request('listEvents', { headers: { accept: 'text/event-stream', 'last-event-id': 'x' } }))
    expect(answer.status).toBe(400)
  })
})
