import { afterAll, beforeAll, expect, test } from 'vitest'
import { parsePrometheus } from '../../support/prometheus.ts'
import { authorization, type Edge, edge } from './edge.ts'

let at: Edge
beforeAll(async () => {
  at = await edge()
})
afterAll(() => at.close())

const metrics = (headers: Record<string, string> = { authorization }) => fetch(`${at.url}/metrics`, { headers })

test('metrics are for whoever may read them, in a form that Prometheus takes in', async () => {
  expect((await metrics({})).status).toBe(401)
  expect((await metrics({ authorization: 'Bearer AKIAGUESS.guess' })).status).toBe(401)
  const answer = await metrics()
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const samples = parsePrometheus(await answer.text())
  expect(samples).toContainEqual({ name: 'sirocco_operations', labels: { state: 'running' }, value: 0 })
  expect(samples.filter(({ name }) => name === 'sirocco_hosts_linked').map(({ labels }) => Object.keys(labels))).toEqual([
    ['zone'],
  ])
})

test('requests are counted by route, never by what was asked for', async () => {
  for (const path of ['/machines', '/machines/vm_doesnotexist', '/machines/vm_another', '/no/such/path'])
    await at.call('GET', path)
  const requests = parsePrometheus(await (await metrics()).text()).filter(({ name }) => name === 'sirocco_requests_total')
  const count = (verb: string, status: string) =>
    requests.find(({ labels }) => labels.verb === verb && labels.status === status && labels.dialect === 'native')?.value ?? 0
  expect(count('listMachines', '200')).toBe(1)
  expect(count('none', '404')).toBe(1)
  expect(requests.filter(({ labels }) => labels.status === '404').reduce((sum, { value }) => sum + value, 0)).toBe(3)
  expect(JSON.stringify(requests)).not.toContain('vm_')
})

test('it is ready, and says so without a key', async () => {
  const ready = await fetch(`${at.url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([200, { ok: true }])
  expect(await (await fetch(`${at.url}/healthz`)).json()).toEqual({ ok: true })
})
