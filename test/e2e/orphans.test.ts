import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HostPage } from '@sirocco/shared/api/hosts.ts'
import { Machine } from '@sirocco/shared/api/machines.ts'
import { OrphanPage } from '@sirocco/shared/api/orphans.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, here, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'

const why = whyNotReal()
const Images = z.object({ items: z.array(z.object({ id: z.string() })) })
const Launched = z.object({ machines: z.array(z.object({ id: z.string() })) })

/** All that is written of machines and their disks, as where a backup from before them was restored. */
const lost = ['allocation', 'port', 'attachment', 'volume_observed', 'volume', 'machine_observed', 'machine']

describe.skipIf(why !== null)(`machines that nobody asks for any more${why === null ? '' : ` (${why})`}`, () => {
  let box: Box
  let one: Instance
  let host = ''
  let keys = 0
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await one.insist(method, path, body, `k${++keys}`)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const machine = async (id: string) => Machine.parse(await ask('GET', `/machines/${id}`))
  const becomes = (id: string, state: string) =>
    until(`${id} to be ${state}`, async () => ((await machine(id)).state === state ? true : null), 60_000)
  const orphans = async () => OrphanPage.parse(await ask('GET', `/hosts/${host}/orphans`)).items
  const qemuOf = (id: string) =>
    box.processes().filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(id)))
  const made: string[] = []

  beforeAll(async () => {
    box = await here()
    one = await Instance.start({ box, name: 'orphans' })
    const image = Images.parse(await ask('GET', '/images')).items[0]?.id
    for (const name of ['keeps', 'goes']) {
      const launched = Launched.parse(await ask('POST', '/machines', { image, flavor: 't3.pico', name })).machines
      made.push(...launched.map(({ id }) => id))
    }
    for (const id of made) await becomes(id, 'running')
    await one.stop()
    const database = new DatabaseSync(join(one.data, 'control.db'))
    for (const table of lost) database.exec(`DELETE FROM ${table}`)
    database.close()
    await one.start()
    host = HostPage.parse(await ask('GET', '/hosts')).items[0]?.id ?? ''
  })
  afterAll(async () => {
    await one?.dispose()
    await box?.close()
  })

  test('are told of with what they are made of, and run on', async () => {
    const found = await until('both to be told of', async () => {
      const all = await orphans()
      return all.length === 2 && all.every(({ made: of }) => of !== null) ? all : null
    })
    expect(found.map(({ name, power }) => [name, power]).sort()).toEqual([
      ['goes', 'running'],
      ['keeps', 'running'],
    ])
    for (const { made: of } of found) expect(of?.volumes).toMatchObject([{ device: 'vda' }])
    for (const id of made) expect(qemuOf(id)).toHaveLength(1)
  })

  test('one is adopted as it runs, and is a machine as any other; the other goes with its disk', async () => {
    const [keeps = '', goes = ''] = made
    const before = qemuOf(keeps).map(({ pid }) => pid)
    const all = await orphans()
    const of = (id: string) => all.find(orphan => orphan.machine === id)?.id ?? ''
    const project = z.object({ project: z.object({ id: z.string() }) }).parse(await ask('GET', '/sessions')).project.id
    await ask('POST', `/hosts/${host}/orphans/${of(keeps)}/adopt`, { project })
    await ask('POST', `/hosts/${host}/orphans/${of(goes)}/remove`, { confirm: 'goes' })
    await until('nobody to be left', async () => ((await orphans()).length === 0 ? true : null))
    await becomes(keeps, 'running')
    expect(qemuOf(keeps).map(({ pid }) => pid)).toEqual(before)
    expect(qemuOf(goes)).toEqual([])
    const { storage } = one.agent
    const kept = (await machine(keeps)).volumes.map(({ id }) => id)
    expect(await readdir(join(storage, 'volumes'))).toEqual(kept)
    expect(existsSync(join(storage, 'machines', goes))).toBe(false)
    expect(await one.audit()).toEqual([])

    await ask('POST', `/machines/${keeps}/stop`, { force: true })
    await becomes(keeps, 'stopped')
    await ask('POST', `/machines/${keeps}/start`, {})
    await becomes(keeps, 'running')
    expect(await one.audit()).toEqual([])
    await ask('DELETE', `/machines/${keeps}`)
    await becomes(keeps, 'gone')
    expect(qemuOf(keeps)).toEqual([])
  })
})
