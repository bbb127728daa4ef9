import { expect, test } from 'vitest'
import { nativeWorld } from '../../../test/conformance/native/native-world.ts'

test('what a host is to carry is told to admins, as the document says, and without any seed', async () => {
  const w = await nativeWorld({ hosts: 1 })
  const [host = ''] = w.rows.hosts
  const userData = btoa('a secret of the guest')
  const body = { image: w.rows.image, flavor: 't3.nano', userData }
  expect((await w.ask('launchMachines', { body })).status).toBe(202)
  const told = await w.ask('getHostProjection', { params: { id: host } })
  expect(told).toMatchObject({
    status: 200,
    body: { host, objects: [{ kind: 'network' }, { kind: 'group' }, { kind: 'volume' }, { kind: 'machine', power: 'on' }] },
  })
  expect(JSON.stringify(told.body)).not.toContain(userData)
  expect(JSON.stringify(told.body)).not.toContain('seed')

  expect(await w.ask('getHostProjection', { params: { id: 'hst_x' } })).toMatchObject({ status: 404 })
  expect(await w.ask('getHostProjection', { params: { id: host }, as: await w.person('owner') })).toMatchObject({ status: 403 })
})
